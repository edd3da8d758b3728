"""Acks: one for each message that awaits it, in time, with its own msgid."""

from collections.abc import Iterator
from typing import Any

from app.doctor.finding import Finding
from app.doctor.hooks import MUST_RETURN, NOTIFYING
from app.doctor.rules.seen import Seen, show
from app.doctor.transcript import Came, Sent
from app.doctor.verb_list import read, read_all

NEVER_RUN = frozenset({"session:adulting", "session:reconnect"})
"""Messages whose acks hold no verbs: jambonz goes on with what runs."""


def missing(seen: Seen) -> Iterator[Finding]:
    """Every message that awaits an ack gets one."""
    for sent in _requests(seen):
        closing = seen.transcript.closing_of(sent.socket)
        over = min(closing.at if closing else seen.transcript.ended, seen.transcript.ended)
        if not seen.transcript.acks_of(sent) and over - sent.at >= seen.limits.ack:
            yield Finding(
                "no-ack",
                sent.about,
                "nothing",
                f"an ack with its msgid within {seen.limits.ack:g} s; {_cost(sent)}",
                at=sent.at,
            )


def _cost(sent: Sent) -> str:
    match sent.type:
        case "session:new":
            return "jambonz refuses the call"
        case "session:reconnect":
            return "jambonz hangs up the call"
        case "session:adulting":
            return "jambonz logs it"
        case _:
            return "for most verbs jambonz ends the call"


def late(seen: Seen) -> Iterator[Finding]:
    """Acks come in time."""
    for sent in _requests(seen):
        for ack in seen.transcript.acks_of(sent)[:1]:
            took = ack.at - sent.at
            if took > seen.limits.slow_ack:
                is_late = took > seen.limits.ack
                yield Finding(
                    "late-ack" if is_late else "slow-ack",
                    sent.about,
                    f"an ack after {took:.1f} s",
                    f"an ack within {seen.limits.ack:g} s: a later one is thrown away",
                    at=ack.at,
                )


def doubled(seen: Seen) -> Iterator[Finding]:
    """No msgid is acked twice."""
    for sent in seen.transcript.sent:
        again = seen.transcript.acks_of(sent)[1:]
        if again and sent.wants_ack:
            yield Finding(
                "doubled-ack",
                sent.about,
                f"{len(again) + 1} acks, the last with {_data(again[-1])}",
                "one ack: what stands in a second one is thrown away",
                at=again[0].at,
            )


def unknown(seen: Seen) -> Iterator[Finding]:
    """Acks carry the msgid of a message that was sent."""
    known = {sent.msgid for sent in seen.transcript.sent if sent.msgid}
    for ack in seen.transcript.acks:
        msgid = ack.frame.get("msgid")
        if not isinstance(msgid, str) or msgid not in known:
            last = seen.transcript.last_sent(ack.at, ack.socket)
            yield Finding(
                "unknown-msgid",
                "ack" + (f" after {last.about}" if last else ""),
                f"msgid {show(msgid)}" if msgid is not None else "no msgid",
                "the msgid of the message that is answered",
                at=ack.at,
            )


def needless(seen: Seen) -> Iterator[Finding]:
    """What needs no ack gets none."""
    for sent in seen.transcript.sent:
        acks = seen.transcript.acks_of(sent) if sent.msgid and not sent.wants_ack else []
        if acks:
            yield Finding(
                "needless-ack", sent.about, "an ack", f"none: {sent.type} needs none", at=acks[0].at
            )


def swapped(seen: Seen) -> Iterator[Finding]:
    """Two hooks in flight do not get each other's answers."""
    alone = seen.transcript.alone
    pair = [sent for sent in seen.transcript.sent if sent.msgid in alone]
    if len(pair) != 2:
        return
    first, second = pair
    together = [_first_data(seen, sent) for sent in pair]
    before = [alone[sent.msgid] for sent in pair]
    if before[0] != before[1] and together == before[::-1]:
        yield Finding(
            "swapped-acks",
            f"{first.about} and {second.about}, sent together",
            f"the first got {show(together[0])}, which alone is the answer to the second",
            f"{show(before[0])}, as it got alone",
            at=second.at,
        )


def opening(seen: Seen) -> Iterator[Finding]:
    """The ack of session:new holds a verb."""
    for sent, ack in _answers(seen):
        data = ack.frame.get("data")
        if sent.type == "session:new" and not (isinstance(data, list) and data):
            yield Finding(
                "empty-first-ack",
                sent.about,
                _data(ack),
                "an array with at least one verb; else jambonz refuses the call",
                "Put the verb into an array: [{…}]." if read(data) else "",
                at=ack.at,
            )


def ignored_data(seen: Seen) -> Iterator[Finding]:
    """What stands in an ack is an array, and is not there for nothing."""
    for sent, ack in _answers(seen):
        data = ack.frame.get("data")
        if data is None or sent.type == "session:new" or sent.option in MUST_RETURN:
            continue
        if not isinstance(data, list):
            yield Finding(
                "ack-data-ignored",
                sent.about,
                show(data),
                "an array of verbs, or no data: anything else is taken for no verbs",
                "Put the verb into an array: [{…}]." if read(data) else "",
                at=ack.at,
            )
        elif data and (sent.option.endswith(NOTIFYING) or sent.type in NEVER_RUN):
            yield Finding(
                "verbs-ignored",
                sent.about,
                show(data),
                "no data: jambonz ignores verbs in this ack",
                at=ack.at,
            )


def must_return(seen: Seen) -> Iterator[Finding]:
    """Some hooks want an array, of a few verbs only."""
    for sent, ack in _answers(seen):
        allowed = MUST_RETURN.get(sent.option)
        if allowed is None:
            continue
        data = ack.frame.get("data")
        if not isinstance(data, list):
            yield Finding(
                "must-return-verbs", sent.about, _data(ack), "an array of verbs", at=ack.at
            )
        for index, (name, _) in enumerate(read_all(data)):
            if name not in allowed:
                yield Finding(
                    "forbidden-verb",
                    f"ack of {sent.about}: [{index}]",
                    name,
                    f"one of {', '.join(sorted(allowed))}",
                    at=ack.at,
                )


def _requests(seen: Seen) -> Iterator[Sent]:
    return (sent for sent in seen.transcript.sent if sent.wants_ack)


def _answers(seen: Seen) -> Iterator[tuple[Sent, Came]]:
    """Each request with its first ack, the one that counts."""
    for sent in _requests(seen):
        for ack in seen.transcript.acks_of(sent)[:1]:
            yield sent, ack


def _first_data(seen: Seen, sent: Sent) -> Any:
    acks = seen.transcript.acks_of(sent)
    return acks[0].frame.get("data") if acks else None


def _data(ack: Came) -> str:
    return f"data {show(ack.frame['data'])}" if "data" in ack.frame else "no data"


RULES = (missing, late, doubled, unknown, needless, swapped, opening, ignored_data, must_return)
