"""The body with which jambonz' REST API updates a call, so that clients of it can talk to us."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Discriminator, RootModel, Tag

from app.command import COMMANDS
from app.rest.models import Body, UpdateBody
from app.rest.problems import Problem, invalid
from app.verbs.explain import show
from app.verbs.names import did_you_mean, nearest

__all__ = ["KEYS", "AgentUpdateBody", "CommandsBody", "Key", "Order", "UpdateUnion", "read_orders"]

AGENT_UPDATE: Final = "agent_update"
WHISPER: Final = "whisper"  # may stand beside another


@dataclass(frozen=True, slots=True)
class Key:
    """A main key of the body, and the command that does the same.

    Attributes:
        name: As in the body.
        command: As on the wire.
        is_whole: Whether other options of the command stand beside the key, not below it.
        verb: The verb whose options stand below the key, for a redirect to it.
    """

    name: str
    command: str
    is_whole: bool = False
    verb: str = ""


KEYS: Final = (
    Key("call_status", "call:status", is_whole=True),
    Key("call_hook", "redirect", is_whole=True),
    Key("child_call_hook", "redirect", is_whole=True),
    Key("listen_status", "listen:status", is_whole=True),
    Key("stream_status", "stream:status", is_whole=True),
    Key("transcribe_status", "transcribe:status", is_whole=True),
    Key("mute_status", "mute:status", is_whole=True),
    Key("conf_mute_status", "conf:mute-status", is_whole=True),
    Key("conf_hold_status", "conf:hold-status", is_whole=True),
    Key("conferenceParticipantAction", "conf:participant-action"),
    Key(WHISPER, "whisper", is_whole=True),
    Key("sip_request", "sip:request"),
    Key("record", "record"),
    Key("dtmf", "dtmf"),
    Key("tag", "tag"),
    Key("dub", "dub"),
    Key("boostAudioSignal", "boostAudioSignal"),
    Key("media_path", "media:path"),
    Key("noise_isolation_status", "noiseIsolation:status", is_whole=True),
    Key("room_say", "room:say"),
    Key("room_play", "room:play"),
    Key("llm_update", "llm:update"),
    Key("transfer", "redirect", verb="transfer"),
)
NAMES: Final = (AGENT_UPDATE, *(key.name for key in KEYS))


class AgentUpdateBody(Body):
    """Steer the agent."""

    agent_update: UpdateBody


class CommandsBody(RootModel[dict[str, Any]]):
    """Any other main key."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command that a body stands for.

    Attributes:
        command: As on the wire.
        data: As on the wire.
        field: Where the data stands in the body; empty for the body itself.
    """

    command: str
    data: Any
    field: str


def read_orders(body: Mapping[str, Any]) -> list[Order]:
    """The commands that a body stands for: one, and perhaps a whisper before it.

    Raises:
        Problem: It has no main key, several, or one that belongs to none.
    """
    found = [key for key in KEYS if key.name in body]
    if not found:
        raise _no_key(body)
    orders = {(key.command, key.verb): _order(key, body) for key in found}
    first = next((key for key in found if key.name != WHISPER), found[0])
    mine = {*_beside(first), WHISPER}
    wrong = [(name[:80], _why(name, first)) for name in body if name not in mine]
    if wrong:
        raise invalid("; ".join(f"{name} {why}" for name, why in wrong[:3]) + ".", wrong)
    return sorted(orders.values(), key=lambda order: order.command != WHISPER)


def _order(key: Key, body: Mapping[str, Any]) -> Order:
    if key.is_whole:
        return Order(key.command, {name: body[name] for name in _beside(key) if name in body}, "")
    value = body[key.name]
    if not key.verb:
        return Order(key.command, value, key.name)
    if not isinstance(value, Mapping):
        text = f"expected an object with the options of {key.verb}; got {show(value)}"
        raise invalid(f"{key.name}: {text}.", [(key.name, text)])
    return Order(key.command, [{**value, "verb": key.verb}], key.name)


def _beside(key: Key) -> tuple[str, ...]:
    """The names in a body that belong to a main key."""
    if not key.is_whole:
        return (key.name,)
    options = COMMANDS[key.command].options._options
    return tuple(wire for _, wire, _ in options if not wire.endswith("_call"))


def _why(name: str, first: Key) -> str:
    if name in NAMES:
        return f"cannot stand beside {first.name}; send one of them"
    return f"is not known here; remove it{did_you_mean(nearest(name, _beside(first)))}"


def _no_key(body: Mapping[str, Any]) -> Problem:
    known = ", ".join(NAMES)
    close: Iterator[tuple[str, str]] = (
        (name[:80], f"is not known here{did_you_mean(nearest(name, NAMES))}") for name in body
    )
    return invalid(f"Expected an object with one of the keys {known}.", list(close)[:20])


def _form(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    return "~agent" if AGENT_UPDATE in value else "~commands"


UpdateUnion = Annotated[
    Annotated[AgentUpdateBody, Tag("~agent")] | Annotated[CommandsBody, Tag("~commands")],
    Discriminator(
        _form,
        custom_error_type="call_update",
        custom_error_message="expected an object with one of the keys {known}",
        custom_error_context={"known": ", ".join(NAMES)},
    ),
]
