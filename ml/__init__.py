"""Learn what customers' messages are about: estimators and their files, with no Slack and no SQL."""
