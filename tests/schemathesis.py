"""Schemathesis asks a running server what its OpenAPI document promises."""

import asyncio
import sys
from pathlib import Path

from tests.rest_server import KEY


async def schemathesis(
    url: str, folder: Path, *options: str, key: str = KEY
) -> tuple[int | None, str]:
    """Run all of its checks; gives the exit code and what it wrote.

    The seed is fixed, since a schema cannot say all: two tools of one name fit it and are refused.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", url, "--checks=all", "--seed=1"),
        *("--continue-on-failure", "--no-color", f"--header=Authorization:Bearer {key}"),
        *options,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    return process.returncode, written.decode()
