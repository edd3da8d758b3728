"""A call may be asked about at any node; the one that has it answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from app.bus import Entry
from app.identity import Principal
from app.keys import CALLS, FEED, KEEPER
from app.peers import Pass
from tests.peers.conftest import BrokenBus, Join, Member
from tests.server.conftest import KEY, agent_application
from tests.server.jambonz import ACCOUNT, LIMIT, Jambonz

INSTRUCTIONS = {"type": "update_instructions", "instructions": "You now handle billing."}
VIEWER = Principal(
    "00000000-0000-4000-8000-000000000001", "key:v", "key", "v", frozenset(("calls:read",))
)


@pytest.fixture
async def first(join: Join) -> Member:
    return await join()


@pytest.fixture
async def second(join: Join) -> Member:
    return await join()


async def test_what_is_asked_of_any_node_is_done_by_the_one_that_has_the_call(
    first: Member, second: Member
) -> None:
    call = await second.call()

    status, receipt = await first.rest(
        "POST", f"/v1/calls/{call.call_sid}/agent", json=INSTRUCTIONS
    )

    assert (status, receipt["type"]) == (202, "update_instructions")
    assert (await call.commands("agent:update"))[0]["data"] == INSTRUCTIONS


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/calls/{sid}", None, 200),
        ("POST", "/v1/calls/{sid}/agent", INSTRUCTIONS, 202),
        ("POST", "/v1/calls/{sid}/agent", {"type": "nonsense"}, 422),
        ("POST", "/v1/calls/{sid}/commands", {"command": "tag", "data": {"tag": {"a": 1}}}, 202),
        ("DELETE", "/v1/calls/{sid}", None, 202),
        ("GET", "/v1/Accounts/{account}/Calls/{sid}", None, 200),
        ("GET", "/v1/Accounts/other/Calls/{sid}", None, 404),
        ("PUT", "/v1/Accounts/{account}/Calls/{sid}", {"mute_status": "mute"}, 202),
        ("POST", "/v1/Accounts/{account}/Calls/{sid}", {"whisper": 7}, 422),
    ],
)
async def test_the_answer_is_that_of_the_owner(
    first: Member, second: Member, method: str, path: str, body: Any, status: int
) -> None:
    call = await second.call()
    path = path.format(sid=call.call_sid, account=ACCOUNT)

    far = await first.rest(method, path, json=body)
    near = await second.rest(method, path, json=body)

    assert far[0] == near[0] == status
    for body in (far[1], near[1]):
        for unlike in ("update_id", "sent_at", "duration_seconds"):
            body.pop(unlike, None)
    assert far[1] == near[1]


async def test_a_call_that_nobody_has_is_not_found(first: Member, second: Member) -> None:
    status, problem = await first.rest("GET", "/v1/calls/nobody-has-this")

    assert (status, problem["type"]) == (404, "urn:cordboard:problem:no-such-call")


async def test_a_server_alone_does_not_deny_a_call_that_it_had_before_it_was_started_anew(
    join: Join, bus: BrokenBus
) -> None:
    before = await join(worker=None)
    call = await before.call()
    await before.die()
    after = await join(worker=None)

    status, problem = await after.rest(
        "POST", f"/v1/calls/{call.call_sid}/agent", json=INSTRUCTIONS
    )
    assert (status, problem["type"]) == (503, "urn:cordboard:problem:owner-gone")

    assert (await after.rest("GET", "/v1/calls/nobody-has-this"))[0] == 404
    assert await after.rest("GET", "/v1/calls") == (200, [])


async def test_a_node_that_was_frozen_promises_nothing_before_it_knows_which_calls_it_has(
    first: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await first.call()
    path = f"/v1/calls/{call.call_sid}/agent"
    with monkeypatch.context() as frozen:
        frozen.setattr(first.server.web_app[KEEPER], "is_certain", lambda _now: False)
        status, problem = await first.rest("POST", path, json=INSTRUCTIONS)

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:call-moving")
    assert (await first.rest("POST", path, json=INSTRUCTIONS))[0] == 202
    assert len(await call.commands("agent:update")) == 1


async def test_a_call_that_has_just_begun_is_found_before_the_bus_knows_of_it(
    first: Member, second: Member
) -> None:
    call = await second.server.call()

    status, _ = await first.rest("GET", f"/v1/calls/{call.call_sid}")

    assert status == 200


async def test_where_no_call_is_written_down_a_silent_node_may_have_any(join: Join) -> None:
    first, second = await join(checkpoints=False), await join(checkpoints=False)
    call = await second.server.call()
    path = f"/v1/calls/{call.call_sid}"
    assert (await first.rest("GET", path))[0] == 200
    await second.die()

    status, problem = await first.rest("GET", path)

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:nodes-silent")


async def test_a_call_that_is_here_is_served_without_a_look(first: Member, bus: BrokenBus) -> None:
    call = await first.call()
    bus.is_away = True

    status, _ = await first.rest("POST", f"/v1/calls/{call.call_sid}/agent", json=INSTRUCTIONS)

    assert status == 202


async def test_while_the_bus_is_away_nobody_claims_that_a_call_is_unknown(
    first: Member, second: Member, bus: BrokenBus
) -> None:
    call = await second.call()
    bus.is_away = True
    path = f"/v1/calls/{call.call_sid}"

    async with first.stream(path) as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "2"
        assert (await answer.json())["type"] == "urn:cordboard:problem:bus-unavailable"

    bus.is_away = False
    assert (await first.rest("GET", path))[0] == 200


async def test_an_owner_whose_lease_has_run_out_is_gone(
    first: Member, second: Member, bus: BrokenBus
) -> None:
    call = await second.call()
    await bus.leave(second.id)

    status, problem = await first.rest("GET", f"/v1/calls/{call.call_sid}")

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:owner-gone")


async def test_an_owner_that_was_killed_is_gone_before_its_lease_has_run_out(
    first: Member, second: Member
) -> None:
    call = await second.call()
    path = f"/v1/calls/{call.call_sid}/agent"
    assert (await first.rest("POST", path, json=INSTRUCTIONS))[0] == 202

    await second.die()

    status, problem = await first.rest("POST", path, json=INSTRUCTIONS)
    assert (status, problem["type"]) == (503, "urn:cordboard:problem:owner-gone")


async def test_an_owner_that_is_frozen_leaves_open_what_was_done(
    first: Member, bus: BrokenBus
) -> None:
    accepted = asyncio.Event()

    async def hear_and_be_silent(reader: asyncio.StreamReader, writer: Any) -> None:
        await reader.readuntil(b"\r\n\r\n")
        accepted.set()
        await reader.read()
        writer.close()

    frozen = await asyncio.start_server(hear_and_be_silent, "127.0.0.1", 0)
    async with frozen:
        port = frozen.sockets[0].getsockname()[1]
        node = first.node
        await bus.renew(type(node)("frozen", f"http://127.0.0.1:{port}", 1, False, node.started))
        await bus.write(
            "frozen", [Entry("its-call", "", "its-call", "/call", node.started, 0, b"{}")]
        )
        reading, steering = await asyncio.gather(
            first.rest("GET", "/v1/calls/its-call"), first.rest("DELETE", "/v1/calls/its-call")
        )

    assert accepted.is_set()
    assert (reading[0], reading[1]["type"]) == (503, "urn:cordboard:problem:owner-gone")
    assert (steering[0], steering[1]["type"]) == (504, "urn:cordboard:problem:outcome-unknown")


async def test_a_call_on_its_way_between_two_nodes_is_moving(
    first: Member, second: Member, bus: BrokenBus
) -> None:
    call = await second.call()
    key = second.server.session(call).key
    await bus.take_over(key, first.id)

    status, problem = await first.rest("GET", f"/v1/calls/{call.call_sid}")

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:call-moving")


async def test_an_owner_that_has_let_the_call_go_is_looked_up_once_more(
    join: Join, first: Member, second: Member, bus: BrokenBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = await join()
    call = await third.call()
    looked = bus.owner
    stale = iter([second.id])

    async def late(key: str) -> Any:
        owner = await looked(key)
        if owner is not None and (node_id := next(stale, None)):
            return type(owner)(node_id, owner.epoch, second.node)
        return owner

    monkeypatch.setattr(bus, "owner", late)

    status, _ = await first.rest("GET", f"/v1/calls/{call.call_sid}")

    assert status == 200


async def test_an_owner_that_says_again_that_it_is_not_one_is_believed(
    first: Member, second: Member, bus: BrokenBus
) -> None:
    await bus.write(second.id, [Entry("lost", "", "lost", "/call", first.node.started, 0, b"{}")])

    status, problem = await first.rest("GET", "/v1/calls/lost")

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:call-moving")


async def test_what_was_sent_on_is_not_sent_on_again(
    join: Join, first: Member, second: Member
) -> None:
    third = await join()
    call = await third.call()
    path = f"/v1/calls/{call.call_sid}"
    headers = first.pass_for(second, "GET", path, Pass(VIEWER))

    async with first.server.client.get(second.private(path), headers=headers) as answer:
        assert answer.status == 421


# who asks


async def test_a_viewer_steers_nothing_by_way_of_another_node(
    first: Member, second: Member
) -> None:
    call = await second.call()
    path = f"/v1/calls/{call.call_sid}/agent"
    headers = first.pass_for(second, "POST", path, Pass(VIEWER))

    asking = first.server.client.post(second.private(path), headers=headers, json=INSTRUCTIONS)
    async with asking as answer:
        assert answer.status == 403

    await call.tool_call("ping")
    assert not any(one.get("command") == "agent:update" for one in call.frames)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Cordboard-Pass": "x.y"}, id="nonsense"),
        pytest.param({"Authorization": f"Bearer {KEY}"}, id="a key of the API"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/calls", "/node/calls/x", "/mcp", "/nothing"])
async def test_the_private_port_is_for_nodes(
    first: Member, path: str, headers: dict[str, str]
) -> None:
    async with first.server.client.get(first.private(path), headers=headers) as answer:
        assert answer.status == 401
        assert (await answer.json())["type"] == "urn:cordboard:problem:bad-pass"


async def test_a_pass_is_worth_nothing_at_the_public_port(first: Member, second: Member) -> None:
    headers = first.pass_for(second, "GET", "/v1/calls", Pass(VIEWER))

    async with first.server.client.get(second.server.url("/v1/calls"), headers=headers) as answer:
        assert answer.status == 401


async def test_a_pass_is_taken_once(first: Member, second: Member) -> None:
    headers = first.pass_for(second, "GET", "/v1/calls", Pass(VIEWER))
    url = second.private("/v1/calls")

    async with first.server.client.get(url, headers=headers) as answer:
        assert answer.status == 200
    async with first.server.client.get(url, headers=headers) as answer:
        assert answer.status == 401


async def test_nodes_without_a_common_key_have_nothing_to_do_with_each_other(
    join: Join, first: Member
) -> None:
    stranger = await join(secret_key=(SecretStr("the key of quite another cluster!!!"),))
    call = await first.call()

    status, problem = await stranger.rest("DELETE", f"/v1/calls/{call.call_sid}")

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:owner-gone")
    assert first.server.web_app[CALLS].get(call.call_sid) is not None


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_the_private_port_tells_of_the_health_of_this_very_node(
    first: Member, path: str
) -> None:
    async with first.server.client.get(first.private(path)) as answer:
        assert answer.status == 200


async def test_a_server_that_stands_alone_has_no_private_port(join: Join) -> None:
    alone = await join(worker=None)

    assert alone.node.address == ""
    assert (await alone.rest("GET", "/v1/calls/nobody-has-this"))[0] == 404


# lists


async def test_a_list_has_the_calls_of_all_nodes_newest_first(
    first: Member, second: Member
) -> None:
    made = [await member.call() for member in (first, second, first)]

    lists = [(await member.rest("GET", "/v1/calls"))[1] for member in (first, second)]

    newest_first = [call.call_sid for call in reversed(made)]
    assert [[one["call_sid"] for one in listed] for listed in lists] == [newest_first] * 2


async def test_a_filter_counts_at_every_node(join: Join) -> None:
    both = (agent_application("/call"), agent_application("/other"))
    first, second = await join(*both), await join(*both)
    wanted = [await member.call("/other") for member in (first, second)]
    for member in (first, second):
        await member.call("/call")

    _, listed = await first.rest("GET", "/v1/calls?application=%2Fother")
    _, of_account = await first.rest("GET", f"/v1/Accounts/{ACCOUNT}/Calls?direction=inbound")
    _, counted = await first.rest("GET", f"/v1/Accounts/{ACCOUNT}/CallCount")

    assert {one["call_sid"] for one in listed} == {call.call_sid for call in wanted}
    assert len(of_account) == 4
    assert counted == {"inbound": 4, "outbound": 0}


async def test_a_list_that_may_not_be_whole_is_none(first: Member, second: Member) -> None:
    await first.call()
    await second.die()

    status, problem = await first.rest("GET", "/v1/calls")

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:nodes-silent")


async def test_without_the_bus_nobody_knows_whom_to_ask(first: Member, bus: BrokenBus) -> None:
    await first.call()
    bus.is_away = True

    status, problem = await first.rest("GET", "/v1/calls")

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:bus-unavailable")


# the feed


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, str]]:
    """Number and kind of each event of a stream."""
    number = 0
    async for line in answer.content:
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"event: "):
            yield number, line[7:].decode().strip()


async def test_a_call_is_followed_by_way_of_any_node_and_from_where_one_was(
    first: Member, second: Member
) -> None:
    call = await second.call()
    path = f"/v1/calls/{call.call_sid}/events"
    async with asyncio.timeout(LIMIT):
        async with first.stream(path) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            stream = events(answer)
            seen = [await anext(stream)]
            assert seen[0][1] == "session"
            await call.tool_call("ping")
            while seen[-1][1] != "tool_output":
                seen.append(await anext(stream))
        await call.tool_call("ping")
        last = seen[-1][0]
        async with first.stream(path, **{"Last-Event-ID": str(last)}) as answer:
            resumed = await anext(events(answer))

    assert resumed[0] == last + 1
    assert [number for number, _ in seen] == list(range(seen[0][0], last + 1))


async def test_the_end_of_a_call_is_told_and_can_be_read_for_a_while(
    first: Member, second: Member, bus: BrokenBus
) -> None:
    call = await second.call()
    key, path = second.server.session(call).key, f"/v1/calls/{call.call_sid}/events"
    async with asyncio.timeout(LIMIT), first.stream(path) as answer:
        await call.close()
        kinds = [kind async for _, kind in events(answer)]
    await bus.sweep(first.node.started)
    bus._calls.pop(key)

    async with first.stream(path) as answer:
        again = [kind async for _, kind in events(answer)]

    assert kinds[-1] == "end"
    assert again == kinds


async def watchers(member: Member, call: Jambonz) -> int:
    ring = member.server.web_app[FEED]._rings.get(member.server.session(call).key)
    return len(ring.watches) if ring else 0


async def test_who_stops_following_is_no_watcher_at_the_owner_any_more(
    first: Member, second: Member
) -> None:
    call = await second.call()
    async with first.stream(f"/v1/calls/{call.call_sid}/events") as answer:
        await anext(events(answer))
        assert await watchers(second, call) == 1

    async with asyncio.timeout(LIMIT):
        while await watchers(second, call):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
