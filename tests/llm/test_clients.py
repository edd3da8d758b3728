"""The clients of SDKs: made once, in a thread, and closed for others."""

import asyncio
import threading

import pytest

from app.llm import clients
from app.llm.clients import Shelf


class Maker:
    """Makes clients, and remembers what was closed."""

    def __init__(self) -> None:
        self.made = 0
        self.threads: set[int] = set()
        self.closed: list[object] = []

    def make(self) -> object:
        self.made += 1
        self.threads.add(threading.get_ident())
        return f"client {self.made}"

    async def close(self, client: object) -> None:
        self.closed.append(client)


async def test_a_client_is_made_once_for_all_who_ask_and_not_on_the_loop() -> None:
    maker, kept = Maker(), Shelf()

    found = await asyncio.gather(*(kept.obtain("a", maker.make, maker.close) for _ in range(5)))

    assert set(found) == {"client 1"}
    assert threading.get_ident() not in maker.threads


async def test_who_leaves_while_a_client_is_made_leaves_it_to_the_next() -> None:
    maker, kept, go = Maker(), Shelf(), threading.Event()

    def make_slowly() -> object:
        go.wait(5)
        return maker.make()

    first = asyncio.create_task(kept.obtain("a", make_slowly, maker.close))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go.set()

    assert await kept.obtain("a", maker.make, maker.close) == "client 1"
    assert maker.made == 1


async def test_what_cannot_be_made_is_tried_again_by_the_next() -> None:
    maker, kept = Maker(), Shelf()

    def fail() -> object:
        raise RuntimeError("no such key")

    with pytest.raises(RuntimeError, match="no such key"):
        await kept.obtain("a", fail, maker.close)

    assert await kept.obtain("a", maker.make, maker.close) == "client 1"


async def test_the_client_that_was_not_used_for_longest_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clients, "MOST", 2)
    maker, kept = Maker(), Shelf()

    for key in ("a", "b", "a", "c"):
        await kept.obtain(key, maker.make, maker.close)

    assert maker.closed == ["client 2"]
