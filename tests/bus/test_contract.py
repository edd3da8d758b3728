"""What every table of owners does, wherever it is; numbered, since adapters refer to it."""

import asyncio
from datetime import UTC, datetime, timedelta

from app.bus import Bus, Owner, Taken
from tests.bus.tables import NOW, OTHER, Table, entry, later, node


async def claim(bus: Bus, key: str = "call", name: str = "one") -> int:
    return (await bus.write(name, [entry(key)])).epochs[key]


async def until_gone(bus: Bus) -> None:
    async with asyncio.timeout(5):
        while await bus.nodes():  # noqa: ASYNC110 -- nobody tells when a lease runs out
            await asyncio.sleep(0.01)


async def test_01_a_node_that_writes_a_call_first_owns_it(one: Bus, two: Bus) -> None:
    await one.renew(node("one"))

    written = await one.write("one", [entry()])

    assert written.lost == frozenset()
    assert await two.owner("call") == Owner("one", written.epochs["call"], node("one"))
    assert await two.owner("other") is None


async def test_02_the_newest_checkpoint_is_what_another_node_takes_over(one: Bus, two: Bus) -> None:
    epoch = await claim(one)
    bytes_of_any_kind = bytes(range(256)) * 16
    written = await one.write("one", [entry(epoch=epoch, text=bytes_of_any_kind)])

    taken = await two.take_over("call", "two")

    assert (written.epochs, written.lost) == ({}, frozenset())
    assert taken is not None
    assert taken == Taken(taken.epoch, bytes_of_any_kind, "one")
    assert taken.epoch > epoch


async def test_03_who_has_lost_a_call_writes_it_no_more(one: Bus, two: Bus) -> None:
    epoch = await claim(one)
    taken = await two.take_over("call", "two")
    assert taken is not None

    changed = await one.write("one", [entry(epoch=epoch, text=b"late")])
    ended = await one.write("one", [entry(epoch=epoch, text=None)])

    assert changed.lost == ended.lost == {"call"}
    assert await one.owner("call") == Owner("two", taken.epoch, None)
    again = await one.take_over("call", "one")
    assert again is not None
    assert (again.checkpoint, again.node_id) == (b"1", "two")


async def test_04_a_node_that_was_frozen_before_its_first_word_takes_no_call_back(
    one: Bus, two: Bus
) -> None:
    first = await two.write("two", [entry(began=later(5))])

    assert (await one.write("one", [entry(began=NOW, text=b"0")])).lost == {"call"}
    assert (await one.write("one", [entry(began=later(5), text=b"0")])).lost == {"call"}
    assert (await one.write("one", [entry(began=NOW, text=None)])).lost == {"call"}
    assert await two.owner("call") == Owner("two", first.epochs["call"], None)


async def test_05_nor_after_the_call_was_taken_over(one: Bus, two: Bus) -> None:
    await claim(one)
    await two.take_over("call", "two")
    a_moment_ago = datetime.now(UTC) - timedelta(seconds=60)

    assert (await one.write("one", [entry(began=a_moment_ago)])).lost == {"call"}


async def test_06_a_session_that_began_later_has_the_call(one: Bus, two: Bus) -> None:
    epoch = await claim(one)

    written = await two.write("two", [entry(began=later(1), text=b"2")])

    assert written.epochs["call"] > epoch
    assert (await one.write("one", [entry(epoch=epoch)])).lost == {"call"}


async def test_07_a_claim_whose_answer_was_lost_is_repeated(one: Bus) -> None:
    epoch = await claim(one)

    written = await one.write("one", [entry(text=b"2")])

    assert written.lost == frozenset()
    assert written.epochs["call"] > epoch
    ended = await one.write("one", [entry(text=None)])
    assert (ended.lost, await one.owner("call")) == (frozenset(), None)


async def test_08_a_call_that_is_over_is_forgotten(one: Bus, two: Bus) -> None:
    epoch = await claim(one)

    written = await one.write("one", [entry(epoch=epoch, text=None)])

    assert (written.epochs, written.lost) == ({}, frozenset())
    assert await two.owner("call") is None
    assert await two.take_over("call", "two") is None
    again = await one.write("one", [entry(epoch=epoch, text=None), entry("unknown", text=None)])
    assert (again.epochs, again.lost) == ({}, frozenset())


async def test_09_what_the_table_has_forgotten_is_owned_anew(one: Bus, two: Bus) -> None:
    epoch = await claim(one)
    await two.take_over("call", "two")
    await two.write("two", [entry(epoch=0, began=later(9), text=None)])
    await two.sweep(datetime.now(UTC) + timedelta(days=1))

    written = await one.write("one", [entry(epoch=epoch, text=b"still here")])

    assert written.lost == frozenset()
    assert written.epochs["call"] > epoch
    taken = await two.take_over("call", "two")
    assert taken is not None
    assert taken.checkpoint == b"still here"


async def test_10_epochs_never_go_back(one: Bus, two: Bus) -> None:
    epochs = [await claim(one)]
    for _ in range(3):
        for bus, name in ((two, "two"), (one, "one")):
            taken = await bus.take_over("call", name)
            assert taken is not None
            epochs.append(taken.epoch)
    await one.write("one", [entry(epoch=epochs[-1], text=None)])  # forgotten
    epochs.append(await claim(two, name="two"))
    await two.leave("two")  # no lease
    await one.sweep(datetime.now(UTC) + timedelta(days=1))
    epochs.append(await claim(one))

    assert epochs == sorted(set(epochs))


async def test_11_of_fifty_nodes_that_claim_a_call_at_once_one_has_it(table: Table) -> None:
    buses = [await table.join() for _ in range(5)]

    written = await asyncio.gather(
        *(buses[n % 5].write(f"node {n}", [entry(text=str(n).encode())]) for n in range(50))
    )

    (winner,) = [n for n, one in enumerate(written) if one.epochs]
    assert [n for n, one in enumerate(written) if not one.lost] == [winner]
    epoch = written[winner].epochs["call"]
    assert await buses[0].owner("call") == Owner(f"node {winner}", epoch, None)
    taken = await buses[0].take_over("call", "another")
    assert taken is not None
    assert taken.checkpoint == str(winner).encode()


async def test_12_fifty_take_overs_at_once_are_one_after_the_other(table: Table) -> None:
    buses = [await table.join() for _ in range(5)]
    await claim(buses[0])

    taken = await asyncio.gather(*(buses[n % 5].take_over("call", f"node {n}") for n in range(50)))

    found = {one.epoch: one.node_id for one in taken if one}
    assert len(found) == 50
    last = await buses[0].owner("call")
    assert last is not None
    assert last.epoch == max(found)
    names = {one.epoch: f"node {n}" for n, one in enumerate(taken) if one}
    owners = ["one", *(names[epoch] for epoch in sorted(names))]
    assert [found[epoch] for epoch in sorted(found)] == owners[:-1]
    assert last.node_id == owners[-1]


async def test_13_writes_and_take_overs_at_once_lose_no_call(table: Table) -> None:
    """Whoever is told of no loss is the owner, and its checkpoint is in the table."""
    one, two = await table.join(), await table.join()
    keys = [f"call {n}" for n in range(20)]
    epochs = (await one.write("one", [entry(key) for key in keys])).epochs
    changes = [entry(key, epoch, text=b"changed") for key, epoch in epochs.items()]

    written, taken = await asyncio.gather(
        one.write("one", changes),
        asyncio.gather(*(two.take_over(key, "two") for key in reversed(keys))),
    )

    for key, each in zip(reversed(keys), taken, strict=True):
        assert each is not None
        assert each.checkpoint == (b"1" if key in written.lost else b"changed")


async def test_14_some_of_a_batch_may_be_lost_while_the_others_are_written(
    one: Bus, two: Bus
) -> None:
    keys = [f"call {n}" for n in range(300)]
    epochs = (await one.write("one", [entry(key) for key in keys])).epochs
    for key in keys[::50]:
        await two.take_over(key, "two")
    batch = [entry(key, epoch, text=b"2") for key, epoch in epochs.items()]
    batch += [entry("new"), entry("over", text=None)]

    written = await one.write("one", batch)

    assert written.lost == set(keys[::50])
    assert set(written.epochs) == {"new"}
    owners = [await two.owner(key) for key in (keys[0], keys[1], "new", "over")]
    assert [owner and owner.node_id for owner in owners] == ["two", "one", "one", None]
    assert await one.write("one", []) == type(written)({}, frozenset())


async def test_15_a_node_lives_as_long_as_its_lease(table: Table) -> None:
    table.lease = 0.3
    one, two = await table.join(), await table.join()
    await one.renew(node("one"))
    epoch = await claim(one)
    before = (await two.nodes(), await two.owner("call"))

    await until_gone(two)

    assert before == ([node("one")], Owner("one", epoch, node("one")))
    assert await two.owner("call") == Owner("one", epoch, None)
    await one.renew(node("one"))
    assert await two.nodes() == [node("one")]


async def test_16_a_node_tells_how_it_is(one: Bus, two: Bus) -> None:
    await one.renew(node("one"))
    await two.renew(node("two"))
    await one.renew(node("one", calls=7, is_draining=True))

    found = {each.id: each for each in await two.nodes()}

    assert found == {"one": node("one", calls=7, is_draining=True), "two": node("two")}


async def test_17_a_node_that_leaves_is_gone_at_once(one: Bus, two: Bus) -> None:
    await one.renew(node("one"))
    epoch = await claim(one)

    await one.leave("one")

    assert await two.nodes() == []
    assert await two.owner("call") == Owner("one", epoch, None)
    await one.leave("unknown")


async def test_18_live_calls_are_counted_by_organisation_and_node(one: Bus, two: Bus) -> None:
    await one.renew(node("one"))
    await two.renew(node("two"))
    first = await one.write("one", [entry(f"call {n}") for n in range(3)])
    await one.write("one", [entry("theirs", organisation_id=OTHER)])
    await two.write("two", [entry("another")])
    await two.take_over("call 0", "two")
    await one.write("one", [entry("call 1", first.epochs["call 1"], text=b"2")])
    counted = await two.counts()
    await one.write("one", [entry("call 2", first.epochs["call 2"], text=None)])
    after_an_end = await two.counts()
    await two.leave("two")

    organisation_id = entry().organisation_id
    assert counted == {organisation_id: {"one": 2, "two": 2}, OTHER: {"one": 1}}
    assert after_an_end == {organisation_id: {"one": 1, "two": 2}, OTHER: {"one": 1}}
    assert await one.counts() == {organisation_id: {"one": 1}, OTHER: {"one": 1}}


async def test_19_calls_of_nodes_that_are_gone_for_long_are_swept(one: Bus, two: Bus) -> None:
    await one.renew(node("one"))
    await two.renew(node("two"))
    await one.write("one", [entry("a"), entry("b")])
    await two.write("two", [entry("c")])
    await one.leave("one")
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    soon = datetime.now(UTC) + timedelta(seconds=5)

    assert await two.sweep(long_ago) == 0
    assert await two.owner("a") is not None
    assert await two.sweep(soon) == 2
    assert [await two.owner(key) for key in ("a", "b")] == [None, None]
    assert await two.owner("c") is not None
    assert await two.sweep(soon) == 0


async def test_20_calls_of_a_node_that_nobody_ever_heard_of_are_swept_later(one: Bus) -> None:
    await claim(one, name="unheard of")

    assert await one.sweep(NOW) == 0
    assert await one.sweep(later(1)) == 1


async def test_21_any_name_that_comes_over_the_wire_can_be_a_key(one: Bus, two: Bus) -> None:
    names = ["x" * 5000, "with \0 in it", "Zoë 🎧", "a:b", "", "'; DROP TABLE live_calls; --"]

    written = await one.write("one", [entry(name, text=name.encode()) for name in names])

    assert set(written.epochs) == {*names}
    for name in names:
        taken = await two.take_over(name, "two")
        assert taken is not None
        assert taken.checkpoint == name.encode()
    assert (await one.write("one", [entry(names[0], 1)])).lost == {names[0]}
