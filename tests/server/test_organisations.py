"""Whose call it is: decided by the credentials of the socket, and kept apart from all others'."""

import asyncio
from typing import Any

import pytest

from app import Application, Session, action_hook, gather, say
from app.keys import COUNTERS, FEED, WS_USERS
from app.organisation import DEFAULT_ORGANISATION, call_key
from tests.server.conftest import Logbook, Server, Start, agent_application, ping
from tests.server.jambonz import LIMIT, SUBPROTOCOL, Jambonz, call_info
from tests.server.organisations import NORTH, SOUTH, basic, call, dial, with_users

OPEN = {"allow_anonymous": True}
CLOSED = {"ws_user": "jambonz", "ws_password": "open sesame"}


def shared(path: str = "/call") -> Application[Any, Any]:
    """An application of every organisation that tells whose call it answers."""
    made: Application[Any, Any] = Application(path, shared=True)

    @made.session_new
    async def answer(session: Session) -> Any:
        return say(f"{session.organisation_id} {dict(session.path_params)}")

    return made


def shared_agent(path: str = "/call") -> Application[Any, Any]:
    """An application of every organisation whose calls run an agent with the tool ``ping``."""
    made = agent_application(path)
    made.shared = True
    return made


@action_hook
async def chosen() -> Any:
    """Never called."""
    return []


async def refused(server: Server, path: str, headers: dict[str, str]) -> tuple[int, Any, Any]:
    """What an upgrade is told that is not opened."""
    given = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": SUBPROTOCOL,
        **headers,
    }  # fmt: skip
    async with server.client.get(server.url(path), headers=given) as answer:
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("Date", "X-Request-ID", "Content-Length")
        }
        return answer.status, kept, await answer.json()


# who is let in


@pytest.mark.parametrize(
    ("settings", "headers", "organisation_id"),
    [
        (CLOSED, basic("jambonz", "open sesame"), DEFAULT_ORGANISATION),
        (CLOSED, basic("north"), NORTH),
        (CLOSED, basic("south"), SOUTH),
        (OPEN, {}, DEFAULT_ORGANISATION),
        (OPEN, basic("nobody"), DEFAULT_ORGANISATION),
        (OPEN, basic("north"), NORTH),
    ],
)
async def test_the_credentials_decide_whose_call_it_is(
    start: Start, settings: dict[str, Any], headers: dict[str, str], organisation_id: str
) -> None:
    server = with_users(await start(shared(), **settings))
    ws = await server.client.ws_connect(
        server.url("/call"), protocols=(SUBPROTOCOL,), headers=headers
    )
    made = Jambonz(ws)
    server.dialled.append(made)

    assert organisation_id in (await made.open())["data"][0]["text"]
    session = next(one for one in server.calls if one.call_sid == made.call_sid)
    assert session.organisation_id == organisation_id


@pytest.mark.parametrize("settings", [OPEN, CLOSED])
@pytest.mark.parametrize("headers", [basic("north", "wrong"), basic("north", "")])
async def test_a_known_user_with_a_wrong_password_is_always_refused(
    start: Start, settings: dict[str, Any], headers: dict[str, str]
) -> None:
    server = with_users(await start(shared(), **settings))

    assert (await refused(server, "/call", headers))[0] == 401


@pytest.mark.parametrize("headers", [{}, basic("nobody"), basic("jambonz", "wrong")])
async def test_nobody_is_let_in_where_credentials_are_asked_for(
    start: Start, headers: dict[str, str]
) -> None:
    server = with_users(await start(shared(), **CLOSED))

    assert (await refused(server, "/call", headers))[0] == 401


async def test_what_is_lent_opens_the_socket_for_a_while(start: Start) -> None:
    server = await start(shared(), **CLOSED)
    with server.web_app[WS_USERS].lend(SOUTH) as (user, password):
        headers = basic(user, password)
        ws = await server.client.ws_connect(
            server.url("/call"), protocols=(SUBPROTOCOL,), headers=headers
        )
        made = Jambonz(ws)
        server.dialled.append(made)
        assert SOUTH in (await made.open())["data"][0]["text"]

    assert (await refused(server, "/call", headers))[0] == 401


# what answers them


async def test_an_application_of_the_default_organisation_is_not_there_for_others(
    start: Start, logbook: Logbook
) -> None:
    server = with_users(await start(agent_application("/call"), **CLOSED))
    own = await refused(server, "/call", basic("north"))
    unknown = await refused(server, "/none", basic("north"))
    there = {**unknown[2], "detail": unknown[2]["detail"].replace("/none", "/call")}

    assert own == (404, unknown[1], there)
    assert not logbook.about("upgrade_refused")
    async with server.client.get(server.url("/call"), headers=basic("north")) as answer:
        assert answer.status == 404  # and not: this is a jambonz application


async def test_an_application_in_code_does_not_stand_before_a_shared_one(start: Start) -> None:
    server = with_users(
        await start(
            agent_application("/agents/front"),
            agent_application("/agents/{any}"),
            shared("/agents/{agent_id}"),
            **CLOSED,
        )
    )
    for path, agent_id in [
        ("/agents/front", "front"),
        ("/agents/7", "7"),
        ("/agents/7/adulting", "7"),
        ("/agents/a%2Fb", "a/b"),
        ("/agents/100%25", "100%"),
    ]:
        made = await dial(server, "north", path)
        text = (await made.open())["data"][0]["text"]
        assert text == f"{NORTH} {{'agent_id': {agent_id!r}}}", path

    own = await dial(server, "", "/agents/front")
    assert (await own.open())["data"][0]["verb"] == "agent"


# calls that name the same call_sid


async def test_two_organisations_may_name_the_same_call(start: Start) -> None:
    server = with_users(await start(shared_agent(), **OPEN))
    made = [await call(server)]
    sid = made[0].call_sid
    for user in ("north", "south"):
        again = await dial(server, user, call_sid=sid)
        await again.open()
        made.append(again)

    for one in made:
        assert await one.tool_call("ping") == {"result": "pong"}
    owners = {one.organisation_id for one in server.calls if one.call_sid == sid}
    assert owners == {DEFAULT_ORGANISATION, NORTH, SOUTH}
    for owner in owners:
        session = server.calls.within(owner).get(sid)
        assert session is not None
        assert session.organisation_id == owner
    known = server.calls.get(sid)
    assert known is not None
    assert known.organisation_id == DEFAULT_ORGANISATION


async def test_who_reconnects_does_not_get_the_call_of_another_organisation(
    start: Start, logbook: Logbook
) -> None:
    server = with_users(await start(shared_agent(), **OPEN))
    own = await call(server, "north")
    session = server.calls.within(NORTH).get(own.call_sid)
    stranger = await dial(server, "south", call_sid=own.call_sid)
    ack = await stranger.open("session:reconnect")

    assert ack["data"][0]["verb"] == "agent"  # as for a call that nobody knows
    assert server.calls.within(NORTH).get(own.call_sid) is session
    assert await own.tool_call("ping") == {"result": "pong"}
    theirs = server.calls.within(SOUTH).get(own.call_sid)
    assert theirs is not None
    assert theirs is not session


async def test_a_status_with_the_call_sid_of_another_organisation_is_not_seen_there(
    start: Start,
) -> None:
    server = with_users(await start(shared_agent(), **OPEN))
    own = await call(server, "north")
    async with server.web_app[FEED].watch(call_key(NORTH, own.call_sid)) as watch:
        stranger = await dial(server, "south", call_sid=own.call_sid)
        await stranger.status("completed")
        await stranger.open()
        await own.status("in-progress")
        kinds = await seen_until(watch, "in-progress")

    assert [status for status in kinds if status] == ["in-progress"]


async def seen_until(watch: Any, status: str) -> list[str]:
    """The statuses that a watcher is told, up to this one."""
    told: list[str] = []
    async with asyncio.timeout(LIMIT):
        async for entry in watch:
            told += [entry.data["call_status"]] if entry.kind == "status" else []
            if told and told[-1] == status:
                break
    return told


async def test_what_is_kept_of_an_ended_call_is_not_for_the_next_who_names_it(
    start: Start, logbook: Logbook
) -> None:
    server = with_users(await start(shared_agent(), **OPEN))
    own = await call(server, "north")
    await own.close()
    await logbook.line("call_ended", call_sid=own.call_sid)
    stranger = await dial(server, "south", call_sid=own.call_sid)
    await stranger.open()
    feed = server.web_app[FEED]

    async with feed.watch(call_key(SOUTH, own.call_sid)) as watch:
        first = watch.take()
        assert first is not None
        assert first.id == 1
    assert call_key(NORTH, own.call_sid) in feed


async def test_a_leg_knows_no_hooks_of_a_parent_of_another_organisation(
    start: Start, logbook: Logbook
) -> None:
    made: Application[Any, Any] = Application("/call", shared=True)

    @made.session_new
    async def answer(session: Session) -> Any:
        return gather(input=["digits"], action_hook=chosen)

    @made.session_adulting
    async def drive(session: Session) -> Any:
        return say(repr(sorted(session._hooks)))

    server = with_users(await start(made, **OPEN))
    own = await call(server, "north")
    said = {}
    for user in ("north", "south"):
        leg = await dial(server, user, "/call/adulting")
        await leg.open("session:adulting", parent_call_sid=own.call_sid)
        (command,) = await leg.commands("redirect")
        said[user] = command["data"][0]["text"]

    assert said["south"] == "[]"
    assert said["north"] != "[]"


async def test_offered_tools_of_the_same_call_sid_have_addresses_of_their_own(
    start: Start,
) -> None:
    made: Application[Any, Any] = Application("/call", shared=True)

    @made.session_new
    async def answer(session: Session) -> Any:
        return [say(session.mcp_server([ping]).url), say("stay")]

    server = with_users(await start(made, **OPEN))
    north = await dial(server, "north")
    south = await dial(server, "south", call_sid=north.call_sid)
    urls = [(await one.open())["data"][0]["text"] for one in (north, south)]
    paths = ["/" + url.split("/", 3)[3] for url in urls]
    list_tools = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream"}

    async def status(path: str) -> int:
        posted = server.client.post(server.url(path), json=list_tools, headers=headers)
        async with posted as answer:
            return answer.status

    assert paths[0].rpartition("/")[2] != paths[1].rpartition("/")[2]
    assert [await status(path) for path in paths] == [200, 200]
    mixed = f"{paths[0].rpartition('/')[0]}/{paths[1].rpartition('/')[2]}"
    assert await status(mixed) == 404
    assert await status(mixed.replace(call_key(NORTH, north.call_sid), north.call_sid)) == 404


# accounts that a user is bound to


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
async def test_a_call_of_another_account_is_hung_up(
    start: Start, logbook: Logbook, direction: str
) -> None:
    server = with_users(await start(shared_agent(), **OPEN))
    made = await dial(server, "bound")
    if direction == "outbound":
        await made.status("ringing")
    ack = await made.open(account_sid="account-of-south", direction=direction)

    assert ack["data"] == [{"verb": "hangup"}]
    assert await made.close_code() == 1000
    line = await logbook.line("call_refused", call_sid=made.call_sid)
    assert (line["reason"], line["account_sid"]) == ("account_sid", "account-of-south")
    assert "WebSocket credential" in line["fix"]
    assert not [one for one in server.calls if one.call_sid == made.call_sid]
    counted = server.web_app[COUNTERS].write().decode()
    assert 'cordboard_calls_refused_total{reason="account_sid"} 1.0' in counted
    assert call_key(NORTH, made.call_sid) not in server.web_app[FEED]


async def test_a_call_of_a_bound_account_goes_on_as_any_other(start: Start) -> None:
    server = with_users(await start(shared_agent(), **OPEN))
    mine = {"account_sid": "account-of-north"}
    made = await dial(server, "bound")
    await made.send("call:status", {**call_info(made.call_sid), **mine, "call_status": "ringing"})
    await made.open(**mine)

    assert await made.tool_call("ping") == {"result": "pong"}
    await made.lose()
    again = await dial(server, "bound", call_sid=made.call_sid)
    await again.open("session:reconnect", **mine)
    assert await again.tool_call("ping") == {"result": "pong"}
    assert len([one for one in server.calls if one.call_sid == made.call_sid]) == 1


async def test_no_account_at_all_is_none_that_a_user_is_bound_to(
    start: Start, logbook: Logbook
) -> None:
    logbook.without_call.add("call_refused")
    server = with_users(await start(shared_agent(), **OPEN))
    for kind, data in [("session:new", {}), ("verb:hook", {}), ("session:redirect", {"x": 1})]:
        made = await dial(server, "bound")
        ack = await made.ack(await made.send(kind, data, hook="/x"))

        assert ack["data"] == [{"verb": "hangup"}], kind
        assert await made.close_code() == 1000


async def test_what_came_before_does_not_open_the_way_for_another_account(
    start: Start, logbook: Logbook
) -> None:
    logbook.without_call.add("malformed_message")
    server = with_users(await start(shared_agent(), **OPEN))
    made = await dial(server, "bound")
    await made.ws.send_str("no message")
    mine = {"account_sid": "account-of-north", "call_status": "ringing"}
    await made.send("call:status", {**call_info(made.call_sid), **mine})
    ack = await made.open(account_sid="account-of-south")

    assert ack["data"] == [{"verb": "hangup"}]
    assert not [one for one in server.calls if one.call_sid == made.call_sid]


@pytest.mark.parametrize("kind", ["session:reconnect", "session:new"])
async def test_who_is_bound_does_not_take_over_a_call_of_another_account(
    start: Start, kind: str
) -> None:
    server = with_users(await start(shared_agent(), **OPEN))
    theirs = await call(server, "north", account_sid="another-of-north")
    made = await dial(server, "bound", call_sid=theirs.call_sid)
    ack = await made.open(kind, account_sid="account-of-north")

    assert ack["data"] == [{"verb": "hangup"}]
    if kind == "session:reconnect":  # whose verbs jambonz ignores
        (command,) = await made.commands("redirect")
        assert command["data"] == [{"verb": "hangup"}]
    assert await made.close_code() == 1000
    assert await theirs.tool_call("ping") == {"result": "pong"}
