"""The connection, as strings in and frames out."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.protocol import (
    AlreadyAnswered,
    Connection,
    FrameTooLarge,
    GenerateReply,
    InjectContext,
    LocalError,
    MalformedMessage,
    NotOpen,
    State,
    UnknownMessage,
    UpdateInstructions,
)

ACKABLE = (
    "session:new",
    "session:reconnect",
    "session:redirect",
    "session:adulting",
    "verb:hook",
    "dial:confirm",
)
SILENT = (
    "call:status",
    "verb:status",
    "jambonz:error",
    "llm:event",
    "agent:event",
    "tts:streaming-event",
    "tts:tokens-result",
    "brand:new",
)


def frame(kind: str, msgid: str = "m1", **fields: Any) -> bytes:
    return orjson.dumps({"type": kind, "msgid": msgid, "call_sid": "c1", "data": {}, **fields})


def opened() -> Connection:
    connection = Connection()
    connection.receive(frame("session:new", "new"), 0.0)
    connection.ack("new", [{"verb": "say", "text": "hi"}])
    connection.take()
    return connection


def sent(connection: Connection) -> list[dict[str, Any]]:
    return [orjson.loads(one) for one in connection.take()]


def test_an_ack_answers_the_message_that_asked() -> None:
    connection = opened()
    connection.receive(frame("verb:hook", "a", hook="/a"), 1.0)
    connection.receive(frame("verb:hook", "b", hook="/b"), 1.1)
    connection.ack("b", [{"verb": "hangup"}])
    connection.ack("a")

    assert sent(connection) == [
        {"type": "ack", "msgid": "b", "data": [{"verb": "hangup"}]},
        {"type": "ack", "msgid": "a"},
    ]


@pytest.mark.parametrize("kind", ["agent:event", "llm:event"])
def test_an_event_that_comes_twice_is_one_event(kind: str) -> None:
    connection = opened()

    assert connection.receive(frame(kind, "m1"), 1.0) is not None
    connection.receive(frame("agent:tool-call", "m2", data={"tool_call_id": "t"}), 1.0)
    assert connection.receive(frame(kind, "m1"), 1.0) is None
    assert connection.receive(frame(kind, "m3"), 1.0) is not None


@pytest.mark.parametrize("kind", SILENT)
def test_messages_without_an_id_are_all_heard(kind: str) -> None:
    connection = opened()

    assert all(connection.receive(frame(kind, ""), 1.0) is not None for _ in range(3))


def test_a_second_ack_is_refused() -> None:
    connection = opened()
    with pytest.raises(AlreadyAnswered):
        connection.ack("new")
    with pytest.raises(UnknownMessage):
        connection.ack("never")


def test_messages_are_overdue_after_their_time() -> None:
    connection = opened()
    connection.receive(frame("verb:hook", "a"), 1.0)

    assert connection.overdue(4.9, 4.0) == []
    assert connection.overdue(5.0, 4.0) == ["a"]


def test_nothing_is_sent_before_the_first_message_or_after_the_end() -> None:
    connection = Connection()
    with pytest.raises(NotOpen, match="before"):
        connection.command("tag", {"a": 1})
    connection = opened()
    connection.end()
    with pytest.raises(NotOpen, match="after"):
        connection.update_agent(UpdateInstructions("x"))

    assert connection.take() == []


def test_a_tool_call_gets_one_output() -> None:
    connection = opened()
    call = frame("agent:tool-call", "t", data={"tool_call_id": "k", "name": "f", "arguments": {}})
    assert connection.receive(call, 1.0) is not None
    assert connection.receive(call, 1.0) is None, "a repetition is no second call"
    connection.tool_output("k", {"ok": True})
    with pytest.raises(AlreadyAnswered):
        connection.tool_output("k", {})
    assert connection.receive(call, 2.0) is None

    assert sent(connection) == [
        {"type": "command", "command": "llm:tool-output", "tool_call_id": "k", "data": {"ok": True}}
    ]


def test_what_is_sent_while_jambonz_is_away_goes_out_behind_the_ack_of_its_return() -> None:
    connection = opened()
    connection.lost(cleanly=True)
    connection.update_agent(GenerateReply(user_input="hi"))
    assert connection.take() == []
    connection.receive(frame("session:reconnect", "again"), 9.0)
    assert connection.take() == []
    connection.ack("again")

    assert [one["type"] for one in sent(connection)] == ["ack", "command"]


def test_an_output_that_may_be_lost_with_its_socket_is_sent_again() -> None:
    connection = opened()
    connection.receive(frame("agent:tool-call", "t", data={"tool_call_id": "k", "name": "f"}), 1.0)
    connection.tool_output("k", {"ok": True})
    connection.take()
    connection.lost(cleanly=False)
    connection.receive(frame("session:reconnect", "again"), 2.0)
    connection.ack("again")

    assert [one.get("tool_call_id") for one in sent(connection)] == [None, "k"]


@pytest.mark.parametrize("proof", ["heard again", "closing handshake"])
def test_an_output_that_arrived_is_not_sent_again(proof: str) -> None:
    connection = opened()
    connection.receive(frame("agent:tool-call", "t", data={"tool_call_id": "k", "name": "f"}), 1.0)
    connection.tool_output("k", {"ok": True})
    connection.take()
    if proof == "heard again":
        connection.receive(frame("agent:event", "e", data={"type": "turn_end"}), 1.5)
    connection.lost(cleanly=proof == "closing handshake")
    connection.receive(frame("session:reconnect", "again"), 2.0)
    connection.ack("again")

    assert [one["type"] for one in sent(connection)] == ["ack"]


def test_an_opening_that_is_still_owed_becomes_the_ack_of_the_reconnect() -> None:
    connection = Connection()
    connection.receive(frame("session:new", "new"), 0.0)
    connection.lost(cleanly=False)
    connection.receive(frame("session:reconnect", "again"), 1.0)
    assert not connection.is_waiting("again")
    connection.ack("new", [{"verb": "say", "text": "hi"}])

    assert sent(connection) == [
        {"type": "ack", "msgid": "again", "data": [{"verb": "say", "text": "hi"}]}
    ]


def test_opening_verbs_are_kept_until_something_shows_that_they_arrived() -> None:
    connection = opened()
    assert connection.opening_verbs == [{"verb": "say", "text": "hi"}]
    connection.receive(frame("call:status", "s"), 1.0)

    assert connection.opening_verbs is None


def test_a_frame_over_the_limit_is_refused_and_says_what_is_large() -> None:
    connection = opened()
    connection.receive(frame("verb:hook", "a"), 1.0)
    prompt = {"verb": "agent", "llm": {"llmOptions": {"systemPrompt": "x" * 30_000}}}
    with pytest.raises(FrameTooLarge, match=r"data\[0\]\.llm\.llmOptions\.systemPrompt") as caught:
        connection.ack("a", [prompt])

    assert caught.value.limit == 24 * 1024
    assert len(caught.value.parts) == 1, "what is small is no reason"
    assert connection.is_waiting("a"), "the message can still be answered"


def test_a_command_without_data_is_refused_unless_it_needs_none() -> None:
    connection = opened()
    with pytest.raises(LocalError, match="needs data"):
        connection.command("redirect")
    connection.command("tts:flush")

    assert sent(connection) == [{"type": "command", "command": "tts:flush"}]


def test_commands_name_their_leg_on_a_socket_that_began_with_a_redirect() -> None:
    connection = Connection()
    connection.receive(
        orjson.dumps({"type": "session:redirect", "msgid": "r", "data": {"call_sid": "leg"}}), 0.0
    )
    connection.update_agent(InjectContext([{"role": "user", "content": "x"}]))

    assert sent(connection)[0]["callSid"] == "leg"


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80)))
def test_garbage_is_malformed_and_nothing_else(text: bytes | str) -> None:
    try:
        Connection().receive(text, 0.0)
    except MalformedMessage as error:
        assert str(error)


class AnyOrder(RuleBasedStateMachine):
    """Messages, answers and lost sockets in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = Connection()
        self.has_socket = True
        self.is_ended = False
        self.asked: dict[str, int] = {}
        self.waiting: list[str] = []
        self.tool_calls: dict[str, int] = {}
        self.open_calls: list[str] = []
        self.updates: list[str] = []
        self.updates_sent: list[str] = []
        self.count = 0
        self.is_reconnecting = False
        self.was_cut = False
        self.on_this_socket: list[str] = []

    def next_id(self) -> str:
        self.count += 1
        return f"m{self.count}"

    def drain(self) -> None:
        for one in sent(self.connection):
            assert not self.is_ended, "sent after the end"
            assert self.has_socket, "sent without a socket"
            if one["type"] == "ack":
                assert one["msgid"] in self.asked, "an ack that nobody asked for"
                self.asked[one["msgid"]] += 1
                if one["msgid"] == self.reconnect_id:
                    self.is_reconnecting = False
            else:
                assert not self.is_reconnecting, "a command before the ack of the reconnect"
                if one["command"] == "llm:tool-output":
                    assert one["tool_call_id"] not in self.on_this_socket, "twice on one socket"
                    self.on_this_socket.append(one["tool_call_id"])
                    self.tool_calls[one["tool_call_id"]] += 1
                elif one["command"] == "agent:update":
                    self.updates_sent.append(one["data"]["user_input"])

    reconnect_id = ""

    @precondition(lambda self: self.has_socket and not self.is_ended)
    @rule(kind=st.sampled_from(ACKABLE + SILENT), is_repeated=st.booleans())
    def message(self, kind: str, is_repeated: bool) -> None:
        if kind == "session:reconnect":
            return
        msgid = self.next_id()
        for _ in range(1 + is_repeated):
            self.connection.receive(frame(kind, msgid), float(self.count))
        if kind in ACKABLE:
            self.asked[msgid] = 0
            self.waiting.append(msgid)

    @precondition(lambda self: self.has_socket and not self.is_ended)
    @rule()
    def tool_call(self) -> None:
        call_id = self.next_id()
        data = {"tool_call_id": call_id, "name": "f"}
        self.connection.receive(frame("agent:tool-call", call_id, data=data), 0.0)
        self.tool_calls[call_id] = 0
        self.open_calls.append(call_id)

    @precondition(lambda self: self.has_socket and not self.is_ended and self.tool_calls)
    @rule()
    def repeated_tool_call(self) -> None:
        call_id, msgid = next(iter(self.tool_calls)), self.next_id()
        data = {"tool_call_id": call_id, "name": "f"}
        self.connection.receive(frame("verb:hook", msgid, data=data), 0.0)
        self.asked[msgid] = 0
        assert not self.connection.is_waiting(msgid), "the message is new, so it is acked at once"

    @precondition(lambda self: self.connection.is_live)
    @rule()
    def update(self) -> None:
        self.updates.append(self.next_id())
        self.connection.update_agent(GenerateReply(user_input=self.updates[-1]))
        self.drain()

    @rule(is_on=st.booleans())
    def hold_updates(self, is_on: bool) -> None:
        if is_on:
            self.connection.hold_updates()
        else:
            self.connection.release_updates()
        self.drain()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        msgid = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        if self.connection.is_waiting(msgid):
            self.connection.ack(msgid)
            with pytest.raises(LocalError):
                self.connection.ack(msgid)
        self.drain()

    @precondition(lambda self: self.open_calls and self.connection.is_live)
    @rule()
    def tool_output(self) -> None:
        call_id = self.open_calls.pop(0)
        self.connection.tool_output(call_id, {})
        with pytest.raises(AlreadyAnswered):
            self.connection.tool_output(call_id, {})
        self.drain()

    @rule()
    def command(self) -> None:
        if self.connection.is_live:
            self.connection.command("tag", {"n": 1})
        else:
            with pytest.raises(NotOpen):
                self.connection.command("tag", {"n": 1})
        self.drain()

    @precondition(lambda self: self.connection.state is State.OPEN)
    @rule()
    def lose(self) -> None:
        self.drain()
        self.connection.lost(cleanly=True)
        self.has_socket = False

    @precondition(lambda self: self.connection.state is State.OPEN)
    @rule()
    def cut(self) -> None:
        """Lose the socket without a closing handshake: what was last sent is owed again."""
        self.drain()
        self.connection.lost(cleanly=False)
        self.has_socket, self.was_cut = False, True

    @precondition(lambda self: self.has_socket and not self.is_ended)
    @rule()
    def let_go(self) -> None:
        """Time passes: what has waited for 4 s gets its safe answer."""
        later = float(self.count) + 4.0
        for msgid in self.connection.overdue(later, 4.0):
            self.connection.ack(msgid)
        assert self.connection.overdue(later, 4.0) == []
        self.waiting.clear()
        self.drain()

    @precondition(lambda self: not self.has_socket and not self.is_ended)
    @rule()
    def reconnect(self) -> None:
        self.has_socket = True
        self.on_this_socket = []
        self.is_reconnecting = True
        self.reconnect_id = self.next_id()
        self.connection.receive(frame("session:reconnect", self.reconnect_id), 0.0)
        self.asked[self.reconnect_id] = 0
        self.waiting.append(self.reconnect_id)
        self.drain()

    @rule()
    def end(self) -> None:
        if self.count > 12:
            self.connection.end()
            self.is_ended = True
            self.waiting.clear()
            self.open_calls.clear()

    @invariant()
    def nothing_is_answered_twice(self) -> None:
        self.drain()
        assert all(count <= 1 for count in self.asked.values())
        assert self.was_cut or all(count <= 1 for count in self.tool_calls.values())

    @invariant()
    def updates_go_out_once_and_in_order(self) -> None:
        if not self.was_cut:
            assert self.updates_sent == self.updates[: len(self.updates_sent)]

    @invariant()
    def every_answer_given_on_a_live_socket_has_gone_out(self) -> None:
        if self.has_socket and not self.is_ended and not self.is_reconnecting:
            answered = [one for one in self.tool_calls if one not in self.open_calls]
            assert all(self.tool_calls[one] >= 1 for one in answered)


TestAnyOrder = AnyOrder.TestCase
