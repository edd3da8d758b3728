"""The agent verb, lived in text: words instead of audio, a language model, tools and events."""
