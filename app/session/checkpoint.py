"""A call as bytes, so that it can go on in another process, and back.

What jambonz tells again with ``session:reconnect`` is not in it: who calls whom, the env vars. Code
is referred to by name. It is versioned JSON; where it is too large, the log says what is left out.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import orjson

from app.application import STATE_FIX, Notes, plain, write_state
from app.protocol import Wire
from app.session.carried_agents import (
    KeptAgents,
    References,
    capture_agent,
    capture_prompts,
)
from app.session.offers import Offers

if TYPE_CHECKING:
    from app.session.live import LiveCall

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024
SHOWN: Final = 300
# What goes first where a checkpoint is too large: what is only shown, then what can be had again.
LEFT_OUT: Final = ("last_turn", "lookup", "customer_data", "prompts", "state")
VERB: Final = '"verb":'
OWED: Final = ("connection", "tools")
FROM_AUTHORS: Final = frozenset({"lookup", "customer_data", "state"})
LOST: Final = (
    "a call that moves to another process loses this: define hooks and tools at module level in "
    "hooks/ or handlers/"
)


class Keeping:
    """What a call remembers of its last checkpoint: what seldom changes is encoded once.

    Attributes:
        is_owing: Whether something stood in it that may have arrived by now.
    """

    __slots__ = ("_agents", "_code", "_code_text", "_count", "is_owing")

    def __init__(self) -> None:
        self._agents = KeptAgents()
        self._code: tuple[int, ...] = ()
        self._code_text = b"{}"
        self._count = 0
        self.is_owing = False

    def is_to_check(self) -> bool:
        """Whether to look if the state comes back as it is: for the 1st, 2nd, 4th, 8th … time."""
        self._count += 1
        return not self._count & (self._count - 1)

    def agents(self, session: "LiveCall[Any, Any]", names: References) -> orjson.Fragment:
        """The agents of a call."""
        return self._agents.capture(session._agents, names)

    def code(self, session: "LiveCall[Any, Any]", names: References) -> orjson.Fragment:
        """Its hooks and their roles, which only become more."""
        roles = session._roles
        now = (len(session._hooks), len(roles), sum(map(len, roles.values())))
        if now != self._code:
            hooks = [names.hook(hook) for hook in session._hooks.values()]
            of_names = {name: [role.name for role in found] for name, found in roles.items()}
            self._code_text = orjson.dumps({"hooks": hooks, "roles": of_names})
            self._code = now
        return orjson.Fragment(self._code_text)


def capture(session: "LiveCall[Any, Any]") -> bytes:
    """A call as it is now."""
    names = References(session.application, session.stored_version is not None)
    value = capture_facts(session)
    value["agents"] = session._keeping.agents(session, names)
    value["prompts"] = capture_prompts(session._agents)
    value["code"] = session._keeping.code(session, names)
    if session._handed_over:
        value["handed_over"] = capture_handed_over(session, names)
    value["connection"] = seal(session, session._connection.capture())
    value["tools"] = session._tool_calls.capture()
    session._keeping.is_owing = session._connection.is_unproven
    if session._offered is not None:
        value["offers"] = capture_offers(session._offered, names)
    if names.missing and is_news(session, names.missing):
        session.log.error("not_found_again", what=sorted(names.missing), fix=LOST)
    text = encode(session, value)
    return text if len(text) <= MAX_BYTES else cut(session, value, text)


def seal(session: "LiveCall[Any, Any]", connection: Wire) -> Wire:
    """What a connection needs, sealed where there are verbs in it: they may hold credentials."""
    vault = session._runtime.vault
    has_verbs = "opening" in connection or any(
        VERB in frame for frame, _ in connection.get("frames", ())
    )
    if vault is None or not has_verbs:
        return connection
    return {"sealed": vault.seal(orjson.dumps(connection).decode())}


def capture_facts(session: "LiveCall[Any, Any]") -> Wire:
    """What the call knows of itself beside what jambonz will tell again."""
    notes: Notes = {}
    value: Wire = {
        "v": VERSION,
        "application": session.application.path,
        "at": time.time(),
        "started": session.started.timestamp(),
        "status": session.call_status,
        "counts": (session._turns, session._interruptions, session._tool_count),
        "feed": session._runtime.feed.last_of(session.key),
        "state": write_state(session.state, notes, is_checked=session._keeping.is_to_check()),
    }
    if notes and is_news(session, notes):
        tell_of_state(session, notes)
    if session._owes_opening:
        value["owes_opening"] = True
    if session.customer_data:
        value["customer_data"] = session.customer_data
    if session.lookup is not None:
        value["lookup"] = session.lookup
    if session._last_turn is not None:
        value["last_turn"] = session._last_turn
    if (stored := session.stored_version) is not None:
        value["stored"] = (stored.agent_id, stored.version, stored.name)
    if session.notes:
        value["notes"] = session.notes
    if session._children:
        value["children"] = session._children
    if session._is_prompt_split:
        value["split"] = None if session._release is None else session._release.is_first
    return value


def capture_handed_over(session: "LiveCall[Any, Any]", names: References) -> Wire:
    """The agents that legs were given, until they are calls of their own."""
    waiting = session._runtime.handed_over
    return {
        leg: [[capture_agent(one, names), one.instructions] for one in waiting[leg].agents]
        for leg in session._handed_over
        if leg in waiting
    }


def capture_offers(offers: Offers, names: References) -> Wire:
    """What a call offers over MCP: its tools by the tokens of their addresses."""
    return {
        token: {name: names.tool(one) for name, one in tools.items()}
        for token, tools in offers.by_token.items()
    }


def encode(session: "LiveCall[Any, Any]", value: Wire) -> bytes:
    """A checkpoint as text; what an author has put in and JSON cannot hold is left out."""
    try:
        return orjson.dumps(value)
    except TypeError:
        notes: dict[str, Notes] = {name: {} for name in FROM_AUTHORS & value.keys()}
        for name, found in notes.items():
            value[name] = plain(value[name], found)
        if (lost := notes.get("state")) and is_news(session, lost):
            tell_of_state(session, lost)
        return orjson.dumps(value)


def cut(session: "LiveCall[Any, Any]", value: Wire, text: bytes) -> bytes:
    """The same without what can be spared, until it fits.

    What a call owes has bounds of its own: it is never left out, and nothing is left out for it.
    """
    size, left_out = len(text), []
    room = MAX_BYTES + sum(len(orjson.dumps(value[name])) for name in OWED)
    for name in LEFT_OUT:
        if len(text) <= room:
            break
        if value.pop(name, None) is not None:
            left_out.append(name)
            text = encode(session, value)
    if left_out and is_news(session, left_out):
        fix = f"keep less in it: of a call {MAX_BYTES:,} bytes are kept"
        session.log.error("checkpoint_cut", what=left_out, bytes=size, fix=fix)
    return text


def is_news(session: "LiveCall[Any, Any]", what: Iterable[str]) -> bool:
    """Whether this process has not yet logged that an application loses these."""
    names = " ".join((session.application.path, *sorted(what)))
    return session._runtime.is_news(f"checkpoint {names}")


def tell_of_state(session: "LiveCall[Any, Any]", notes: Notes) -> None:
    """Say in the log what of the state does not move with a call."""
    for name, why in notes.items():
        session.log.error("state_not_kept", what=name, reason=why[:SHOWN], fix=STATE_FIX)
