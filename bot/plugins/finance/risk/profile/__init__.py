"""Know a client: the questionnaire, the profile that its answers make, and until when it counts."""
