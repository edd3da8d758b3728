"""Fixtures for all tests: a server and a stand-in for jambonz that calls it."""

pytest_plugins = ["app.testing"]
