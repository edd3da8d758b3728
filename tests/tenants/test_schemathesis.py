"""The API of stored data, held to its own document by schemathesis: a real server, a real store.

What a schema cannot say, such as that a knowledge base has to be there, is no failure here.
"""

import asyncio
from pathlib import Path

import pytest

from app.identity import ALL
from app.identity.tokens import digest_of, new_key, prefix_of
from app.keys import IDENTITY
from app.rest.api import API_OPERATIONS
from tests.schemathesis import schemathesis
from tests.tenants.party import Parties

pytestmark = pytest.mark.asyncio(loop_scope="module")
GO_OUT = [one.name for one in API_OPERATIONS if one.name.startswith(("try_", "import_document"))]
"""They ask addresses that are made up."""


@pytest.mark.timeout(300)
async def test_the_server_keeps_what_its_document_says_of_stored_data(
    parties: Parties, tmp_path: Path
) -> None:
    party, key = parties["north"], new_key()
    await party.tenant.keys.create(
        name="A program that asks everything", digest=digest_of(key), prefix=prefix_of(key),
        scopes=sorted(ALL),
    )  # fmt: skip
    await party.server.web_app[IDENTITY].ring.refresh()
    common = (
        *(f"--exclude-operation-id={name}" for name in GO_OUT), "--include-path-regex=^/api/",
        "--phases=fuzzing", "--max-examples=2", "--exclude-checks=positive_data_acceptance",
    )  # fmt: skip
    url = party.server.url("/openapi.json")
    ids = "".join(f'"path.{name}" = "{value}"\n' for name, value in party.ids.items())
    (tmp_path / "schemathesis.toml").write_text(f"[parameters]\n{ids}")
    (tmp_path / "nothing").mkdir()
    before = await parties["south"].picture()
    runs = await asyncio.gather(
        schemathesis(url, tmp_path, *common, "--exclude-method=DELETE", key=key),
        schemathesis(url, tmp_path / "nothing", *common, "--include-method=DELETE", key=key),
    )

    for code, report in runs:
        assert code == 0, report
    assert await parties["south"].picture() == before
