"""Real servers for tests, from wheels: nothing else has to be installed."""
