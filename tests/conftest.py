"""Fixtures for all tests: a server and a stand-in for jambonz that calls it."""

from collections.abc import Iterator

import pytest
import structlog

pytest_plugins = ["app.testing"]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Forget how an earlier test configured the logs."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
