"""Where nodes of a cluster meet, and which scenarios are for `make chaos` only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.stage import is_long
from tests.services.valkey import Valkey, valkey

HERE = Path(__file__).parent
LIMIT = 600
"""Seconds for each scenario: nothing here may fail because the machine is slow."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [one for one in items if HERE in one.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.timeout(LIMIT))
    if not is_long():
        left_out = [one for one in ours if one.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in left_out]


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture(params=["postgresql", pytest.param("valkey", marks=pytest.mark.long)])
def bus(request: pytest.FixtureRequest, postgres_url: str) -> dict[str, str]:
    """Settings of nodes that share a store, and have the owner table there or in Valkey."""
    settings = {"database_url": postgres_url}
    if request.param == "valkey":
        settings["bus_url"] = request.getfixturevalue("valkey_server").url
    return settings
