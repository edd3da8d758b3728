"""Puts logging back as it was, for tests that configure it."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from app.lines import QUICK


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    QUICK.use(None)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
