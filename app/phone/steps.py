"""What the caller does, step by step: from the command line or from the keyboard."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "say",
    "dtmf",
    "interrupt",
    "silence",
    "callee",
    "callee-keys",
    "ring-off",
    "drop",
    "hangup",
    "help",
    "raw",
    "nothing",
    "unknown",
]

HELP = """\
Type what you say, or a command:
  /dtmf 12#         press keys
  /interrupt TEXT   talk over what is being said
  /silence          say nothing until the other side gives up waiting
  /callee TEXT      say it as the party that the application dialled
  /callee-keys 1    press keys as that party
  /ring-off         hang up as that party
  /drop             lose the socket; the phone redials, as jambonz does
  /hangup           hang up (so does Ctrl-D)
  /raw              show every frame, or stop showing them
  /help             this list"""

_COMMANDS: dict[str, Kind] = {
    "/dtmf": "dtmf",
    "/interrupt": "interrupt",
    "/silence": "silence",
    "/callee": "callee",
    "/callee-keys": "callee-keys",
    "/ring-off": "ring-off",
    "/drop": "drop",
    "/hangup": "hangup",
    "/help": "help",
    "/raw": "raw",
}
_NEED_TEXT = {
    "dtmf": "/dtmf needs keys: /dtmf 12#",
    "interrupt": "/interrupt needs words",
    "callee": "/callee needs words",
    "callee-keys": "/callee-keys needs keys: /callee-keys 1",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `text` holds the words or keys, or what is wrong with an unknown one."""

    kind: Kind
    text: str = ""


def parse(line: str) -> Step:
    """Read a line that was typed."""
    line = line.strip()
    if not line:
        return Step("nothing")
    if not line.startswith("/"):
        return Step("say", line)
    command, _, rest = line.partition(" ")
    kind = _COMMANDS.get(command)
    if kind is None:
        return Step("unknown", f"there is no {command}; /help lists the commands")
    if kind in _NEED_TEXT and not rest.strip():
        return Step("unknown", _NEED_TEXT[kind])
    return Step(kind, rest.strip())
