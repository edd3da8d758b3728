"""One file per voice application: who answers a call, and with what."""
