"""Who closes the socket, when, and with which code."""

from collections.abc import Iterator

from app.doctor.finding import Finding
from app.doctor.rules.seen import Seen
from app.doctor.transcript import Closed, Sent
from app.doctor.verb_list import ends_call

BY_CODE = {1000: "closed-with-1000", 1005: "closed-without-code"}
ON_STRANGE = {"malformed": "closed-on-malformed", "unknown": "closed-on-unknown"}
"""By scenario: the rule for closing on the strange frame in it."""

MEANING = {
    1000: "jambonz takes it for the end of control, and does not come back",
    1005: "jambonz takes it for a loss, and redials",
    1006: "jambonz takes it for a loss, and redials",
}


def closing(seen: Seen) -> Iterator[Finding]:
    """The application leaves the socket open until the call is over."""
    for closed in seen.transcript.closed:
        if closed.at >= seen.transcript.ended or _may_close(seen, closed):
            continue
        last = seen.transcript.last_sent(closed.at, closed.socket)
        code = "a lost connection" if closed.code == 1006 else f"close code {closed.code}"
        if closed.code == 1005:
            code = "a close frame without a code"
        yield Finding(
            _rule(seen, closed, last),
            f"after {last.about}" if last else "after the upgrade",
            f"{code}: {MEANING.get(closed.code, 'jambonz redials')}",
            "an open socket until jambonz closes it",
            at=closed.at,
        )


def _rule(seen: Seen, closed: Closed, last: Sent | None) -> str:
    """Closing on a strange frame is a fault of its own, whatever the code.

    What was asked afterwards may have a fault of its own: there the frame is not to blame.
    """
    rule = ON_STRANGE.get(seen.transcript.scenario)
    strange = next((sent for sent in seen.transcript.sent if sent.is_strange), None)
    is_last = last is not None and last.wants == "nothing"
    if rule and strange and strange.at <= closed.at and is_last:
        later = (came for came in seen.transcript.came if came.at > strange.at)
        if not any(later):  # it closed before it said anything more
            return rule
    return BY_CODE.get(closed.code, "closed-mid-call")


def _may_close(seen: Seen, closed: Closed) -> bool:
    """A call that was told to hang up may be given up."""
    if closed.code != 1000:
        return False
    told = (
        came.frame.get("data")
        for came in seen.transcript.came
        if came.at <= closed.at and (came.type == "ack" or came.command == "redirect")
    )
    hung_up = any(
        came.command == "call:status" for came in seen.transcript.came if came.at <= closed.at
    )
    return hung_up or any(ends_call(data) for data in told)


RULES = (closing,)
