"""A call that goes on in another process: it ends here, and nobody is told that it has ended."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from app.session.live import LiveCall

SERVICE_RESTART: Final = 1012  # jambonz redials


def move(session: "LiveCall[Any, Any]") -> None:
    """Let a call go: nothing more is sent, and no record, watcher or webhook hears of an end."""
    if session._is_ended:
        return
    socket, session._socket = session._socket, None
    runtime, key = session._runtime, session.key
    session._is_moved = True
    session._stop()
    if socket is not None:
        socket.close(SERVICE_RESTART, "the call goes on elsewhere")
    if session._has_begun:
        runtime.counters.call_moved(session.application.path)
        if runtime.tracer is not None:
            runtime.tracer.call_ended(session, "moved")
        if runtime.recorder is not None:
            runtime.recorder.call_moved(session)
        session.log.info("call_moved", turns=session._turns)
    if key not in runtime.live:
        runtime.feed.leave(key)
