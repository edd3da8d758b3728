"""Fixtures for all tests: a server and a stand-in for jambonz that calls it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from app.llm import forbid_real_requests

pytest_plugins = ["app.testing", "tests.store_fixtures"]
forbid_real_requests()

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


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty project; what it imports is forgotten afterwards."""
    before, path = dict(sys.modules), list(sys.path)
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "__init__.py").touch()
    yield tmp_path
    for name in [one for one in sys.modules if one.split(".")[0] in ("handlers", "hooks")]:
        del sys.modules[name]
    sys.modules.update(
        {name: one for name, one in before.items() if name.split(".")[0] in ("handlers", "hooks")}
    )
    sys.path[:] = path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="the one run of a test that has many by seeds")
