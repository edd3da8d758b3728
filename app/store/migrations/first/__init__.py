"""The first schema, by noun. It is never changed: later revisions bring about what comes later."""
