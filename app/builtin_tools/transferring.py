"""``transfer_call``: the caller goes to a person, and comes back where that fails.

jambonz runs one verb at a time, so a dial replaces the agent. When nobody answers, the agent begins
again, and its prompt tells what was said and that the transfer failed.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from app.agent import Agent
from app.builtin_tools.built import Built
from app.builtin_tools.json_schema import compile_check
from app.hook import action_hook, event_hook
from app.protocol import DialEnded, LlmEvent, TurnEnd
from app.records.heard import hear
from app.s2s import SpeechToSpeech
from app.session import CallEnded, Session
from app.tool import ToolError, tool_elsewhere
from app.verbs import Verb, dial, hangup

TRANSFERS = "transfer_call"
"""The name of what is kept in the notes of a call."""
LONGEST = 15.0
"""Seconds after which the transfer begins, whether its announcement was heard or not."""
RING = 30
KEPT_LINES = 40
KEPT_LETTERS = 400
KEPT_IN_ALL = 8000

ANNOUNCE = (
    "You are about to be connected: the transfer to {name} begins as soon as you have spoken. Tell "
    "the caller so now, in one short sentence. Call no other tool."
)
PROMPT = """\
## Transferring the call
You can hand the caller over to a person with `transfer_call`:
{targets}
Transfer only to these numbers, and when the caller wants it or you cannot help. Call the tool \
first; you announce the transfer when its result has come."""
HEADING = "## What has happened so far"
FAILED = f"""\
{HEADING}
This call is under way: do not greet the caller again.{{history}}
You tried to transfer the caller to {{name}}, but {{reason}}. Tell the caller, and offer something \
else, such as to try again later or to help yourself."""
WHO: Mapping[str, str] = {"caller": "Caller", "agent": "You"}
REASONS: Mapping[str, str] = {
    "busy": "the line is busy",
    "no-answer": "nobody answered",
}
UNREACHABLE = "the call could not be connected"


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody to whom a caller may be transferred.

    Attributes:
        number: In E.164.
        name: What the model calls them.
        description: When to transfer there.
    """

    number: str
    name: str = ""
    description: str = ""


class Transfers:
    """What a call keeps for its transfers, in its notes.

    Args:
        notes: Those of the call.
    """

    def __init__(self, notes: dict[str, Any]) -> None:
        self._kept = notes.setdefault(TRANSFERS, {"lines": [], "going": None})

    @property
    def going(self) -> Target | None:
        """Where the caller is being transferred to, if anywhere."""
        going = self._kept["going"]
        return None if going is None else Target(**going)

    @going.setter
    def going(self, target: Target | None) -> None:
        self._kept["going"] = None if target is None else asdict(target)

    def note(self, who: str, text: str, *, is_piece: bool = False) -> None:
        """Somebody has said something, or something more."""
        lines = self._kept["lines"]
        if not text.strip():
            return
        if is_piece and lines and lines[-1][0] == who:
            text = lines.pop()[1] + text
        lines.append([who, text[:KEPT_LETTERS]])
        del lines[:-KEPT_LINES]
        while sum(len(line[1]) for line in lines) > KEPT_IN_ALL:
            del lines[0]

    def history(self) -> str:
        """The words so far, as the prompt tells them."""
        lines = [f"{who}: {text.strip()}" for who, text in self._kept["lines"]]
        return "\n".join(["", "", *lines, ""]) if lines else ""


def transfers_of(session: Session) -> Transfers:
    """What a call keeps."""
    return Transfers(session.notes)


@event_hook
async def remember(session: Session, event: TurnEnd | LlmEvent) -> None:
    """Keep what was said, for an agent that has to begin again."""
    transfers = transfers_of(session)
    if isinstance(event, TurnEnd):
        transfers.note("Caller", event.transcript)
        transfers.note("You", event.response)
        return
    for heard in hear(event.data):
        if who := WHO.get(heard.what):
            transfers.note(who, heard.text, is_piece=heard.is_piece)


def build_transfer_call(
    targets: Sequence[Target], *, ring: int = RING, caller_id: str | None = None
) -> Built | None:
    """``transfer_call`` to one of these, and to nobody else; None where there are none.

    Args:
        targets: The persons.
        ring: Seconds until they count as not answering.
        caller_id: The number that they see; the platform decides without it.
    """
    return build(tuple(targets), ring, caller_id) if targets else None


@lru_cache(maxsize=256)
def build(targets: tuple[Target, ...], ring: int, caller_id: str | None) -> Built:
    """The same, once for all calls."""
    known = {target.number: target for target in targets}

    async def transfer(session: Session, phone_number: str) -> str:
        target = known[phone_number]
        transfers = transfers_of(session)
        if transfers.going is not None:
            raise ToolError("A transfer is under way already; wait for its end.")
        talker = session.agent.agent if session.agent else None
        if not isinstance(talker, Agent | SpeechToSpeech):
            raise ToolError("This call cannot be transferred. Offer something else.")
        transfers.going = target
        begin(session, target)
        return ANNOUNCE.format(name=named(target))

    def begin(session: Session, target: Target) -> None:
        leg = {"type": "phone", "number": target.number}
        verb = dial(target=[leg], timeout=ring, caller_id=caller_id, action_hook=after_transfer)
        session.start(connect(session, verb))

    def resume(session: Session) -> None:
        going = transfers_of(session).going
        if going is not None and session.agent is not None:  # else it rings there already
            begin(session, going)

    made = tool_elsewhere(
        transfer,
        "transfer_call",
        "Transfer the caller to a person. It begins when you have announced it.",
        schema_of(targets),
        check=compile_check(schema_of(targets)),
        session_parameter="session",
        once=False,
    )
    lines = "\n".join(f"- {one.number}: {described(one)}" for one in targets)
    return Built(made, PROMPT.format(targets=lines), (remember,), resume)


def schema_of(targets: Sequence[Target]) -> dict[str, Any]:
    """The arguments: one of the numbers."""
    number = {
        "type": "string",
        "enum": list(dict.fromkeys(target.number for target in targets)),
        "description": "; ".join(f"{target.number}: {described(target)}" for target in targets),
    }
    return {
        "type": "object",
        "properties": {"phone_number": number},
        "required": ["phone_number"],
        "additionalProperties": False,
    }


async def connect(session: Session, verb: Verb) -> None:
    """Dial, when the transfer has been announced."""
    how = await session.until_spoken(LONGEST)
    if how == "gone":  # something else happens to the call by now
        transfers_of(session).going = None
    else:
        with suppress(CallEnded):
            await session.redirect([verb])


@action_hook
async def after_transfer(session: Session, ended: DialEnded) -> list[Verb]:
    """The person has talked to the caller; or nobody did, and who talked before begins again."""
    transfers, last = transfers_of(session), session.last_agent
    target, transfers.going = transfers.going, None
    talker = last.agent if last else None
    if ended.dial_call_status == "completed" or target is None:
        return [hangup()]
    if not isinstance(talker, Agent | SpeechToSpeech):
        return [hangup()]
    reason = REASONS.get(ended.dial_call_status, UNREACHABLE)
    return [resumed(talker, target, reason, transfers.history())]


def resumed(
    talker: Agent | SpeechToSpeech, target: Target, reason: str, history: str
) -> Agent | SpeechToSpeech:
    """Who talked before, and knows what has happened since."""
    told = FAILED.format(name=named(target), reason=reason, history=history)
    before, _, _ = (talker.instructions or "").partition(f"\n\n{HEADING}")
    # What a caller said is no template.
    given: dict[str, Any] = {"instructions": f"{before}\n\n{told.replace('{{', '{ {')}"}
    if isinstance(talker, Agent):
        given["greeting"] = True
    return talker.model_copy(update=given)


def named(target: Target) -> str:
    """How the model calls a target."""
    return target.name or target.number


def described(target: Target) -> str:
    """What the model knows of a target."""
    return ", ".join(filter(None, (target.name, target.description))) or "a person"
