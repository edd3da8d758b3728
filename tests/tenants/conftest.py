"""One node for all tests of a module: what they ask must change nothing for one another."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.tenants.party import Parties
from tests.tenants.stage import opened_store, set_up


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parties(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parties]:
    """The node on which all is asked."""
    async with (
        opened_store(sqlite_template, tmp_path_factory.mktemp("tenants")) as (store, onlooker),
        set_up(store, onlooker) as parties,
    ):
        yield parties
