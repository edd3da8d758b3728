"""A connection goes on in another process as if it were the same."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.protocol import Connection, GenerateReply, InjectContext, LocalError, read_carried

Step = tuple[Any, ...]
VERBS = [{"verb": "agent"}]


def frame(kind: str, msgid: str, **fields: Any) -> bytes:
    return orjson.dumps({"type": kind, "msgid": msgid, "call_sid": "c1", "data": {}, **fields})


def opened() -> Connection:
    connection = Connection()
    connection.receive(frame("session:new", "new"), 0.0)
    connection.ack("new", VERBS)
    connection.take()
    return connection


def moved(connection: Connection) -> Connection:
    """The same in another process, by way of text; jambonz has come back and waits for its ack."""
    text = orjson.dumps(connection.capture())
    elsewhere = Connection()
    elsewhere.receive(frame("session:reconnect", "back"), 1.0)
    elsewhere.restore(read_carried(orjson.loads(text)))
    return elsewhere


def stayed(connection: Connection) -> Connection:
    """The same in this process, after a socket that broke without a word."""
    here = copy.deepcopy(connection)
    here.lost(cleanly=False)
    here.receive(frame("session:reconnect", "back"), 1.0)
    return here


def welcome(connection: Connection) -> list[Any]:
    """Ack the reconnect; what goes out then."""
    connection.ack("back", connection.opening_verbs)
    return [orjson.loads(one) for one in connection.take()]


def tool_call(call_id: str) -> bytes:
    data = {"tool_call_id": call_id, "name": "ping", "arguments": {}}
    return frame("agent:tool-call", f"of {call_id}", data=data)


def batch(*call_ids: str) -> bytes:
    calls = [{"id": one, "name": "ping", "args": {}} for one in call_ids]
    data = {"type": "toolCall", "tool_call_id": "batch", "function_calls": calls}
    return frame("llm:tool-call", f"of {call_ids}", data=data)


def response(call_id: str) -> dict[str, Any]:
    return {"id": call_id, "name": "ping", "response": {"output": call_id}}


def test_what_may_not_have_arrived_goes_out_again_with_its_id() -> None:
    connection = opened()
    connection.receive(tool_call("t1"), 0.5)
    connection.tool_output("t1", {"result": 1})
    connection.take()
    elsewhere = moved(connection)

    assert welcome(elsewhere) == [
        {"type": "ack", "msgid": "back"},
        {
            "type": "command",
            "command": "llm:tool-output",
            "tool_call_id": "t1",
            "data": {"result": 1},
        },
    ]


def test_what_jambonz_has_heard_does_not_go_out_again() -> None:
    connection = opened()
    connection.update_agent(GenerateReply())
    connection.take()
    connection.receive(frame("agent:event", "e"), 0.5)

    assert welcome(moved(connection)) == [{"type": "ack", "msgid": "back"}]


def test_a_socket_that_breaks_once_more_owes_it_still() -> None:
    connection = opened()
    connection.update_agent(GenerateReply())
    elsewhere = moved(connection)
    welcome(elsewhere)
    elsewhere.lost(cleanly=False)
    elsewhere.receive(frame("session:reconnect", "again"), 2.0)
    elsewhere.ack("again")

    assert len(elsewhere.take()) == 2


def test_the_opening_is_repeated_until_something_shows_that_it_arrived() -> None:
    connection = opened()
    assert welcome(moved(connection)) == [{"type": "ack", "msgid": "back", "data": VERBS}]

    connection.receive(frame("agent:event", "e"), 0.5)
    assert welcome(moved(connection)) == [{"type": "ack", "msgid": "back"}]


def test_an_opening_that_was_never_answered_is_answered_by_the_ack_of_the_reconnect() -> None:
    connection = Connection()
    connection.receive(frame("session:new", "new"), 0.0)
    elsewhere = moved(connection)

    assert elsewhere.is_opening
    elsewhere.ack("back", VERBS)
    assert [orjson.loads(one) for one in elsewhere.take()] == [
        {"type": "ack", "msgid": "back", "data": VERBS}
    ]


def test_the_rest_of_a_batch_completes_it() -> None:
    connection = opened()
    connection.receive(batch("a", "b"), 0.5)
    connection.tool_output("a", response("a"))
    elsewhere = moved(connection)
    welcome(elsewhere)
    elsewhere.tool_output("b", response("b"))
    (frame_out,) = [orjson.loads(one) for one in elsewhere.take()]

    assert [one["id"] for one in frame_out["data"]["toolResponse"]["functionResponses"]] == [
        "a",
        "b",
    ]
    assert frame_out["tool_call_id"] == "batch"


def test_held_updates_are_held_on() -> None:
    connection = opened()
    connection.hold_updates()
    connection.update_agent(InjectContext([{"role": "system", "content": "x"}]))
    elsewhere = moved(connection)

    assert len(welcome(elsewhere)) == 1
    elsewhere.release_updates()
    assert len(elsewhere.take()) == 1


@pytest.mark.parametrize("damage", [{"first": 1}, {"calls": [1]}, {"frames": [["x"]]}, {"held": 1}])
def test_what_is_no_connection_is_refused(damage: dict[str, Any]) -> None:
    value = {**opened().capture(), **damage}

    with pytest.raises((KeyError, TypeError, ValueError)):
        read_carried(value)


# any history at all: what goes on elsewhere behaves as what goes on here

CALLS = ("t1", "t2", "t3")
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("call"), st.sampled_from(CALLS)),
    st.tuples(st.just("batch"), st.sampled_from((("b1", "b2"), ("b2", "b3")))),
    st.tuples(st.just("output"), st.sampled_from((*CALLS, "b1", "b2", "b3"))),
    st.tuples(st.just("hook"), st.sampled_from(("h1", "h2"))),
    st.tuples(st.just("back"), st.just("r")),
    st.tuples(st.just("ack"), st.sampled_from(("new", "h1", "h2", "r"))),
    st.tuples(st.sampled_from(("event", "update", "command", "hold", "release", "drop", "take"))),
    st.tuples(st.just("lost")),
)


def output(connection: Connection, call_id: str) -> None:
    is_batch = connection.batch_of(call_id) is not None
    connection.tool_output(call_id, response(call_id) if is_batch else {"result": call_id})


DO: dict[str, Callable[..., object]] = {
    "call": lambda one, call_id: one.receive(tool_call(call_id), 0.0),
    "batch": lambda one, ids: one.receive(batch(*ids), 0.0),
    "output": output,
    "hook": lambda one, msgid: one.receive(frame("verb:hook", msgid), 0.0),
    "back": lambda one, msgid: one.receive(frame("session:reconnect", msgid), 0.0),
    "ack": lambda one, msgid: one.ack(msgid, VERBS),
    "event": lambda one: one.receive(frame("agent:event", ""), 0.0),
    "update": lambda one: one.update_agent(GenerateReply()),
    "command": lambda one: one.command("redirect", VERBS),
    "hold": lambda one: one.hold_updates(),
    "release": lambda one: one.release_updates(),
    "drop": lambda one: one.drop_updates(),
    "take": lambda one: one.take(),
    "lost": lambda one: one.lost(cleanly=False),
}


def does(connection: Connection, step: Step) -> str:
    """Do a step; the error, or the frames that went out."""
    name, *args = step
    try:
        DO[name](connection, *args)
    except LocalError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def later(step: Step) -> Step:
    """The same with a msgid of its own: jambonz uses none twice."""
    name, *args = step
    is_message = name in ("hook", "back", "ack") and args != ["new"]
    return (name, f"{args[0]} later") if is_message else step


@settings(max_examples=300, deadline=None)
@given(before=st.lists(STEPS, max_size=25), after=st.lists(STEPS, max_size=25))
def test_what_was_carried_behaves_as_what_stayed(
    before: Sequence[Step], after: Sequence[Step]
) -> None:
    connection = opened()
    for step in before:
        does(connection, step)
    here, elsewhere = stayed(connection), moved(connection)

    assert welcome(here) == welcome(elsewhere)
    for step in map(later, after):
        assert does(here, step) == does(elsewhere, step)
        assert here.take() == elsewhere.take()
        assert here.state is elsewhere.state
