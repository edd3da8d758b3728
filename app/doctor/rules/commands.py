"""Commands: known names, their data in the shape that jambonz reads, the leg by callSid."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.doctor.finding import Finding
from app.doctor.rules.names import COMMANDS, FIELDS, is_same, nearest
from app.doctor.rules.seen import Seen, show
from app.doctor.rules.shapes import (
    BARE,
    NESTED,
    OBJECTS,
    OR_BARE,
    Kind,
    Misfit,
    Shape,
    misfits,
)
from app.doctor.rules.updates import bad_update
from app.doctor.rules.wire import flaws, instead
from app.doctor.transcript import Came
from app.doctor.verb_list import read_all

DATALESS = frozenset({"llm:tool-output", "tts:flush", "tts:clear"})
"""Commands that may come without data."""

AS_VERBS = frozenset({"config", "dub"})
"""Commands whose data are the options of the verb of the same name."""

INSTEAD = {"hangup": 'Write call:status with the data {"call_status": "completed"}.'}
"""What to write for a command that is seen in texts, where its name alone would not help."""


def names(seen: Seen) -> Iterator[Finding]:
    """The command exists."""
    for came in _commands(seen):
        if came.command not in COMMANDS:
            close = nearest(came.command, COMMANDS)
            yield Finding(
                "unknown-command",
                "command",
                show(came.frame.get("command")),
                "a command of jambonz: it ignores others without a word",
                INSTEAD.get(came.command) or instead(close),
                suggestion=close,
                at=came.at,
            )


def fields(seen: Seen) -> Iterator[Finding]:
    """What stands beside the data is spelled as jambonz reads it."""
    for came in _commands(seen):
        for key in came.frame:
            close = nearest(key, FIELDS) if key not in FIELDS else None
            if close and (is_same(key, close) or close in ("callSid", "queueCommand")):
                yield Finding(
                    "misspelt-field",
                    f"command {came.command}: {key}",
                    f"{key}, which jambonz ignores",
                    close,
                    instead(close),
                    suggestion=close,
                    at=came.at,
                )


def data_is_there(seen: Seen) -> Iterator[Finding]:
    """There is data, except for three commands."""
    for came in _commands(seen):
        if came.command in COMMANDS and _is_bare(came):
            yield Finding(
                "command-without-data",
                f"command {came.command}",
                show(came.frame.get("data")) if "data" in came.frame else "no data",
                "data: without it jambonz refuses the command",
                at=came.at,
            )


def _is_bare(came: Came) -> bool:
    data = came.frame.get("data")
    is_false = data is None or data is False or data in ("", 0)  # to JavaScript: [] and {} are not
    return is_false and came.command not in DATALESS


def shapes(seen: Seen) -> Iterator[Finding]:
    """The data has the shape that jambonz reads."""
    for came in _commands(seen):
        if came.command in COMMANDS and not _is_bare(came):
            yield from _check(came)


def _check(came: Came) -> Iterator[Finding]:
    command, data = came.command, came.frame.get("data")
    if command in NESTED:
        yield from _nested(came, *NESTED[command])
    elif command in OR_BARE and isinstance(data, str):
        yield from _bare(came, OR_BARE[command])
    elif command in OBJECTS:
        yield from (_told(came, found) for found in misfits(data, OBJECTS[command]))
        yield from _together(came)
    elif command in BARE:
        yield from _bare(came, BARE[command])
    elif command in AS_VERBS:
        yield from _as_verb(came)
    elif command == "agent:update":
        yield from bad_update(came)
    elif command == "redirect":
        yield from _redirect(came)


def _told(came: Came, found: Misfit) -> Finding:
    return Finding(
        "wrong-command-data",
        f"command {came.command}: {found.path}",
        found.came,
        found.expected,
        instead(found.suggestion),
        suggestion=found.suggestion,
        at=came.at,
    )


def _bare(came: Came, kind: Kind) -> Iterator[Finding]:
    data = came.frame["data"]
    if not kind.fits(data):
        close = nearest(data, kind.words) if isinstance(data, str) and kind.words else None
        yield _told(came, Misfit("data", show(data), kind.says, close))


def _nested(came: Came, key: str, shape: Shape) -> Iterator[Finding]:
    data = came.frame["data"]
    if isinstance(data, Mapping) and isinstance(data.get(key), Mapping):
        yield from (_told(came, found) for found in misfits(data[key], shape, f"data.{key}"))
        return
    inner = data if isinstance(data, Mapping) and key not in data else {"…": "…"}
    yield Finding(
        "flat-data",
        f"command {came.command}: data",
        show(data),
        f'{{"{key}": {{…}}}}: jambonz reads nothing else',
        f"Write {show({key: inner})}",
        at=came.at,
    )


def _as_verb(came: Came) -> Iterator[Finding]:
    data, command = came.frame["data"], came.command
    if not isinstance(data, Mapping):
        yield _told(came, Misfit("data", show(data), f"the options of the verb {command}"))
        return
    for flaw in flaws({**data, "verb": command}):
        found = Misfit(flaw.path, flaw.came, flaw.expected, flaw.suggestion)
        yield _told(came, found)


def _together(came: Came) -> Iterator[Finding]:
    """What the keys of the data want of each other."""
    data = came.frame["data"]
    if not isinstance(data, Mapping):
        return
    if came.command == "whisper":
        verbs = data.get("whisper")
        for name, _ in read_all(verbs if isinstance(verbs, list) else [verbs]):
            if name not in ("say", "play"):
                yield _told(came, Misfit("data.whisper", name, "say or play"))
    starts_siprec = data.get("action") == "startCallRecording" and data.get("type") != "cloud"
    if came.command == "record" and starts_siprec and "siprecServerURL" not in data:
        wanted = "the SIP address of the recorder, or type 'cloud'"
        yield _told(came, Misfit("data.siprecServerURL", "nothing", wanted))
    if came.command == "dial" and not {"call_hook", "application_sid"} & set(data):
        yield _told(came, Misfit("data.call_hook", "nothing", "call_hook, or application_sid"))


def _redirect(came: Came) -> Iterator[Finding]:
    data: Any = came.frame["data"]
    keys = {"call_hook", "child_call_hook", "parent_call", "child_call"}
    if isinstance(data, list) or (isinstance(data, Mapping) and keys & set(data)):
        return
    close = None
    if isinstance(data, Mapping):
        close = next((near for key in data if (near := nearest(str(key), keys))), None)
    wanted = "an array of verbs, or an object with call_hook"
    yield _told(came, Misfit("data", show(data), wanted, close))


def _commands(seen: Seen) -> Iterator[Came]:
    """Every frame that means to be a command."""
    return (came for came in seen.transcript.came if came.type == "command")


RULES = (names, fields, data_is_there, shapes)
