"""Fixtures for all tests: a server and a stand-in for jambonz that calls it."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

pytest_plugins = ["app.testing"]

# The same examples in every run, so that a red run is about the change; to look for new ones:
# make test ARGS=--hypothesis-profile=explore
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=1000)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Forget how an earlier test configured the logs."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
