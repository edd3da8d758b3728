"""How sockets are opened."""

from collections.abc import Iterator

from app.doctor.finding import Finding
from app.doctor.rules.seen import Seen, show
from app.twin.socket import SUBPROTOCOL

PARAMETERS = frozenset(
    {
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
    }
)
"""What may stand behind permessage-deflate."""


def subprotocol(seen: Seen) -> Iterator[Finding]:
    """The response names the subprotocol."""
    for opened in seen.transcript.opened:
        if opened.subprotocol != SUBPROTOCOL:
            came = "none" if opened.subprotocol is None else show(opened.subprotocol)
            yield Finding(
                "no-subprotocol",
                "upgrade: Sec-WebSocket-Protocol",
                came,
                f"{SUBPROTOCOL}: without it jambonz fails the call at once",
                at=opened.at,
            )


def extensions(seen: Seen) -> Iterator[Finding]:
    """The response accepts permessage-deflate or nothing."""
    for opened in seen.transcript.opened:
        name, *parameters = (part.strip() for part in opened.extensions.split(";"))
        strange = {one.partition("=")[0].strip() for one in parameters} - PARAMETERS
        if opened.extensions and (name != "permessage-deflate" or strange or "," in name):
            yield Finding(
                "bad-extension",
                "upgrade: Sec-WebSocket-Extensions",
                show(opened.extensions),
                "permessage-deflate, which is all that was offered, or no such header",
                at=opened.at,
            )


def handshake(seen: Seen) -> Iterator[Finding]:
    """The upgrade is done in time."""
    for opened in seen.transcript.opened:
        if opened.took > seen.limits.slow_handshake:
            is_late = opened.took > seen.limits.handshake
            yield Finding(
                "late-upgrade" if is_late else "slow-upgrade",
                "upgrade",
                f"a 101 response after {opened.took:.1f} s",
                f"TCP, TLS and the 101 together within {seen.limits.handshake:g} s",
                at=opened.at,
            )


def further_calls(seen: Seen) -> Iterator[Finding]:
    """Every call gets its socket."""
    why = seen.transcript.given_up
    if why.startswith("connection failed"):
        yield Finding("process-ended", "upgrade of a further call", why, "a server that goes on")
    elif why and not any(seen.transcript.opened):
        is_leg = seen.transcript.scenario == "adulting"
        yield Finding(
            "no-adulting" if is_leg else "refuses-further-calls",
            "upgrade of …/adulting" if is_leg else "upgrade of a further call",
            why,
            "an open socket",
        )
    elif why and seen.transcript.scenario == "reconnect":
        yield Finding("refuses-further-calls", "upgrade after a loss", why, "an open socket")


RULES = (subprotocol, extensions, handshake, further_calls)
