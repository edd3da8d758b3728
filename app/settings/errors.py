"""What is wrong with the settings."""


class SettingsError(Exception):
    """The server cannot start with these settings; the message is one line that says why."""
