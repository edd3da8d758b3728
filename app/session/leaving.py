"""A call that leaves this process: its socket is closed so that jambonz redials another."""

from math import inf
from typing import TYPE_CHECKING, Any

from app.session import opening

if TYPE_CHECKING:
    from app.session.live import LiveCall

__all__ = ["close_to_redial"]


async def close_to_redial(session: "LiveCall[Any, Any]", code: int) -> None:
    """Close the socket of a call that goes on elsewhere; what comes until then is still taken.

    What jambonz waits for is answered before, with what is safe: a request that it has to give up
    ends the call after some verbs. The first message alone is left to whoever it redials.
    """
    if session._runtime.keeper is not None:
        await session.rest_tools(0.0)  # tool calls that come now wait for the next node
    socket = session._socket
    if socket is None:
        return
    for msgid in session._connection.overdue(inf, 0.0):
        if msgid != session._first_msgid:
            opening.let_go(session, msgid)
    session._flush()
    socket.close(code, "restarting")
    await socket.closed()
