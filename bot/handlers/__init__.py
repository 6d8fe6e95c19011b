"""Hold the CRM itself: always-loaded plugins, one module or folder per noun."""
