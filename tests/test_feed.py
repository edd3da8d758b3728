import asyncio
import timeit

import pytest

from app.feed import Entry, Feed, TooManyWatchers, Watch


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(watch: Watch) -> list[Entry]:
    return list(iter(watch.take, None))


async def all_of(watch: Watch) -> list[Entry]:
    return [entry async for entry in watch]


def test_entries_of_a_call_are_numbered_from_one() -> None:
    feed = Feed()
    feed.publish("a", "session", {"n": 1})
    feed.publish("b", "session", {"n": 2})
    feed.publish("a", "event", {"n": 3})

    entries = kept(feed.watch("a"))

    assert [(e.id, e.kind, e.data) for e in entries] == [
        (1, "session", {"n": 1}),
        (2, "event", {"n": 3}),
    ]
    assert entries[0].time > 1_000_000_000


def test_publishing_keeps_only_the_newest_entries() -> None:
    feed = Feed(size=3)
    for n in range(10):
        feed.publish("a", "event", n)

    assert [e.data for e in kept(feed.watch("a"))] == [7, 8, 9]


def test_publishing_makes_nothing_of_the_data_but_a_reference() -> None:
    feed, data = Feed(), {"big": "x" * 10}
    feed.publish("a", "event", data)

    assert kept(feed.watch("a"))[0].data is data


def test_resuming_after_an_id_gives_only_what_came_later() -> None:
    feed = Feed()
    for n in range(1, 6):
        feed.publish("a", "event", n)

    assert [e.id for e in kept(feed.watch("a", after=3))] == [4, 5]
    assert kept(feed.watch("a", after=5)) == []


def test_resuming_after_a_forgotten_id_begins_with_a_gap() -> None:
    feed = Feed(size=3)
    for n in range(1, 11):
        feed.publish("a", "event", n)

    gap, *rest = kept(feed.watch("a", after=2))

    assert (gap.id, gap.kind, gap.data) == (7, "gap", {"lost": 5})
    assert [e.id for e in rest] == [8, 9, 10]


def test_resuming_after_the_id_of_a_gap_misses_nothing_and_sees_no_second_gap() -> None:
    feed = Feed(size=3)
    for n in range(1, 11):
        feed.publish("a", "event", n)
    gap = feed.watch("a", after=0).take()

    assert gap is not None
    assert [e.id for e in kept(feed.watch("a", after=gap.id))] == [8, 9, 10]


def test_an_id_that_was_never_given_begins_with_a_gap_of_unknown_length() -> None:
    feed = Feed()
    feed.publish("a", "event", 1)

    gap, *rest = kept(feed.watch("a", after=99))

    assert (gap.id, gap.kind, gap.data) == (0, "gap", {"lost": None})
    assert [e.id for e in rest] == [1]


async def test_a_watcher_waits_for_the_next_entry() -> None:
    feed = Feed()
    async with feed.watch("a") as watch:
        waiting = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0)
        assert not waiting.done()

        feed.publish("a", "event", "hello")

        assert (await waiting).data == "hello"


async def test_a_slow_watcher_loses_the_oldest_and_is_told() -> None:
    feed = Feed(size=4)
    async with feed.watch("a") as watch:
        feed.publish("a", "event", 1)
        assert (await anext(watch)).id == 1
        for n in range(2, 21):
            feed.publish("a", "event", n)

        entries = [await anext(watch) for _ in range(5)]

    assert [(e.id, e.kind) for e in entries][:2] == [(16, "gap"), (17, "event")]
    assert entries[0].data == {"lost": 15}
    assert entries[-1].id == 20


async def test_two_watchers_do_not_disturb_each_other() -> None:
    feed = Feed()
    feed.publish("a", "event", 1)
    first, second = feed.watch("a"), feed.watch("a")

    assert (await anext(first)).id == 1
    assert (await anext(second)).id == 1


async def test_giving_up_the_wait_loses_no_entry() -> None:
    feed = Feed()
    async with feed.watch("a") as watch:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(watch), 0)
        feed.publish("a", "event", 1)
        feed.publish("a", "event", 2)

        assert [(await anext(watch)).id, (await anext(watch)).id] == [1, 2]


async def test_the_end_of_the_call_is_the_last_entry() -> None:
    feed = Feed()
    feed.publish("a", "event", 1)
    watch = feed.watch("a")
    reading = asyncio.ensure_future(all_of(watch))
    await asyncio.sleep(0)

    feed.end("a")

    assert [e.kind for e in await reading] == ["event", "end"]
    assert watch.is_over


async def test_what_is_published_after_the_end_is_dropped() -> None:
    feed = Feed()
    feed.publish("a", "event", 1)
    feed.end("a")
    feed.publish("a", "tool_output", "late")

    assert [e.kind for e in await all_of(feed.watch("a"))] == ["event", "end"]


async def test_a_call_that_comes_back_goes_on_with_its_numbers() -> None:
    feed = Feed()
    feed.publish("a", "event", 1)
    feed.end("a")

    feed.open("a")
    feed.publish("a", "session", "reconnect")

    watch = feed.watch("a", after=2)
    assert (await anext(watch)).id == 3
    assert not watch.is_over


async def test_who_resumes_after_the_end_is_over_at_once() -> None:
    feed = Feed()
    feed.publish("a", "event", 1)
    feed.end("a")

    watch = feed.watch("a", after=2)

    assert watch.is_over
    assert await all_of(watch) == []


def test_an_ended_call_is_kept_for_its_linger_time() -> None:
    clock = Clock()
    feed = Feed(linger=60, clock=clock)
    feed.publish("a", "event", 1)
    feed.end("a")

    clock.now = 59.0
    assert "a" in feed
    clock.now = 61.0
    assert "a" not in feed
    assert len(feed) == 0


def test_ended_calls_are_bounded_in_number() -> None:
    feed = Feed(max_ended=2)
    for call_sid in "abcd":
        feed.publish(call_sid, "event", 1)
        feed.end(call_sid)

    assert [call_sid in feed for call_sid in "abcd"] == [False, False, True, True]


def test_open_calls_are_bounded_in_number() -> None:
    feed = Feed(max_calls=2, max_ended=0)
    for call_sid in "abc":
        feed.publish(call_sid, "event", 1)

    assert [call_sid in feed for call_sid in "abc"] == [False, True, True]


def test_ending_an_unknown_call_does_nothing() -> None:
    feed = Feed()
    feed.end("nobody")

    assert len(feed) == 0


async def test_a_call_can_be_waited_for_before_its_first_entry() -> None:
    feed = Feed()
    watch = feed.watch("a", after=0)
    assert not watch.is_over
    feed.publish("a", "session", "new")

    assert (await anext(watch)).id == 1


def test_a_call_that_was_waited_for_in_vain_is_forgotten() -> None:
    feed = Feed()
    first, second = feed.watch("never"), feed.watch("never")

    first.close()
    assert "never" in feed
    second.close()
    second.close()
    assert "never" not in feed


async def test_closing_a_watch_ends_its_iteration() -> None:
    feed = Feed()
    feed.publish("a", "event", 1)
    watch = feed.watch("a", after=1)
    reading = asyncio.ensure_future(all_of(watch))
    await asyncio.sleep(0)

    watch.close()

    assert await reading == []


def test_a_call_has_only_so_many_watchers() -> None:
    feed = Feed(max_watches=2)
    feed.watch("a")
    second = feed.watch("a")
    with pytest.raises(TooManyWatchers, match="2 watchers"):
        feed.watch("a")

    second.close()
    feed.watch("a")


async def test_closing_the_feed_stops_all_watchers_but_ends_no_call() -> None:
    feed = Feed()
    for call_sid in "ab":
        feed.publish(call_sid, "event", 1)
    reading = [asyncio.ensure_future(all_of(feed.watch(call_sid))) for call_sid in "abc"]
    await asyncio.sleep(0)

    feed.close()

    assert [[e.kind for e in await each] for each in reading] == [["event"], ["event"], []]
    assert len(feed) == 2


def test_publishing_is_cheap_when_nobody_watches() -> None:
    feed, data = Feed(), {"type": "turn_end"}
    feed.publish("a", "event", data)
    rounds = timeit.repeat(lambda: feed.publish("a", "event", data), number=1000, repeat=50)

    # About 0.2 µs; the limit leaves room for a slow or busy machine.
    assert min(rounds) / 1000 < 2e-6


def test_a_call_that_is_kept_loses_nothing_that_the_ring_forgets() -> None:
    feed = Feed(size=3)
    feed.publish("a", "status", "before")
    found = feed.keep("a")
    for n in range(5):
        feed.publish("a", "event", n)
    feed.publish("a", "event", "a piece", keep=False)

    assert [item[3] for item in found] == ["before", 0, 1, 2, 3, 4]
    assert [item[0] for item in found] == [1, 2, 3, 4, 5, 6]


def test_a_call_that_comes_back_is_kept_from_where_it_was_let_go() -> None:
    feed = Feed()
    feed.keep("a")
    feed.publish("a", "event", 1)
    feed.let_go("a")
    feed.end("a")
    feed.open("a")
    feed.publish("a", "event", 2)

    assert [item[3] for item in feed.keep("a")] == [{}, 2]  # the end, and what came after it


def test_of_other_calls_nothing_is_kept() -> None:
    feed = Feed()
    found = feed.keep("a")
    feed.publish("b", "event", 1)
    feed.let_go("a")
    feed.publish("a", "event", 2)

    assert found == []
