"""One revision of the schema each."""
