"""Runs of simulated callers within a test."""

import argparse
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.llm import ChatModel, connect
from app.sim import Parts, add_arguments, read_options, simulate


@dataclass
class Sim:
    """Writes scenarios into a folder, runs them, and keeps what was told."""

    folder: Path
    url: str = ""
    connect: Callable[[str], ChatModel] = connect
    is_idle: Callable[[str], bool] = lambda _: True
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def write(self, text: str, name: str = "one.yaml") -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    async def run(self, *words: str) -> int:
        """Run what was written, with these options; give the exit code."""
        self.out, self.err = io.StringIO(), io.StringIO()
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        options = read_options(parser.parse_args([str(self.folder), *words]))
        parts = Parts(self._serve, connect=self.connect)
        return await simulate(options, parts, out=self.out, err=self.err)

    async def told(self, *words: str) -> dict[str, Any]:
        """Run it with `--json`, and give what was told."""
        await self.run("--json", *words)
        told: dict[str, Any] = json.loads(self.out.getvalue())
        return told

    @asynccontextmanager
    async def _serve(self) -> AsyncIterator[tuple[str, Callable[[str], bool]]]:
        yield self.url, self.is_idle
