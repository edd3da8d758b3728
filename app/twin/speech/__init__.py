"""The twin's speech-to-speech verbs: the vendors' part is played by the twin's language model."""
