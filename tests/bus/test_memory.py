"""The bus of one process."""

from datetime import UTC, datetime, timedelta

from app.bus import Entry, MemoryBus, Node

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def node(name: str) -> Node:
    return Node(name, "", 0, is_draining=False, started=NOW)


def entry(key: str, epoch: int = 0, *, began: datetime = NOW, text: bytes | None = b"1") -> Entry:
    return Entry(key, "org", key, "/a", began, epoch, text)


async def test_a_call_that_was_taken_over_is_lost_to_whoever_had_it() -> None:
    bus = MemoryBus()
    first = (await bus.write("one", [entry("call")])).epochs["call"]

    taken = await bus.take_over("call", "two")

    assert taken is not None
    assert (taken.checkpoint, taken.node_id) == (b"1", "one")
    assert taken.epoch > first
    written = await bus.write("one", [entry("call", first, text=b"2"), entry("other")])
    assert written.lost == {"call"}
    assert set(written.epochs) == {"other"}


async def test_a_node_that_was_frozen_before_its_first_word_takes_no_call_back() -> None:
    bus = MemoryBus()
    await bus.write("two", [entry("call", began=NOW + timedelta(seconds=5))])

    written = await bus.write("one", [entry("call", began=NOW)])

    assert written.lost == {"call"}


async def test_a_node_without_a_lease_is_no_owner_to_be_asked() -> None:
    bus = MemoryBus()
    await bus.renew(node("one"))
    await bus.write("one", [entry("call")])
    before = await bus.owner("call")

    await bus.leave("one")

    after = await bus.owner("call")
    assert before is not None
    assert before.node == node("one")
    assert after is not None
    assert (after.node_id, after.node) == ("one", None)


async def test_a_call_that_is_over_is_forgotten() -> None:
    bus = MemoryBus()
    epoch = (await bus.write("one", [entry("call")])).epochs["call"]

    await bus.write("one", [entry("call", epoch, text=None)])

    assert await bus.owner("call") is None
    assert await bus.take_over("call", "two") is None
