"""What a call tells of itself: to the log, to counters, to watchers, and to who keeps it."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.application import Application
from app.feed import Item
from app.lines import QUICK
from app.logs import mask_personal
from app.organisation import DEFAULT_ORGANISATION
from app.protocol import Wire
from app.session.facts import CallFacts, E, S
from app.session.runtime import Runtime

# What watchers may keep of one message: parsed, it takes many times as much.
MAX_WATCHED = 64 * 1024
TOO_LARGE = f"larger than {MAX_WATCHED:,} bytes, not kept"
ERROR_SHOWN = 500


class ToldCall(CallFacts[S, E]):
    """The facts of a call, and who is told what happens in it."""

    __slots__ = (
        "_frame",
        "_interruptions",
        "_is_answered",
        "_is_ended",
        "_kept",
        "_last_turn",
        "_runtime",
        "_tool_count",
        "_tool_seconds",
        "_turns",
    )

    def __init__(
        self,
        application: Application[Any, Any],
        runtime: Runtime,
        path_params: Mapping[str, str] | None,
        organisation_id: str = DEFAULT_ORGANISATION,
    ) -> None:
        super().__init__(application, path_params, organisation_id)
        self._runtime = runtime
        self._frame = b""
        self._is_answered = False  # its first message, by its handler: from then on it is kept
        self._is_ended = False
        self._turns = self._interruptions = self._tool_count = 0
        self._last_turn: Mapping[str, Any] | None = None
        self._tool_seconds: dict[str, float] | None = None
        self._kept: list[Item] | None = None  # for the record, where there is one

    def _changed(self, *, soon: bool = False) -> None:
        """What the call would need to go on elsewhere is not what it was; see ``LiveCall``."""

    def _publish(self, kind: str, data: object) -> None:
        if not self._is_ended:
            self._runtime.feed.publish(self.key, kind, data)

    def _publish_frame(self, kind: str, *, keep: bool = True) -> None:
        """Show the frame that is being received to watchers; and keep it for the record."""
        frame = self._frame
        shown = frame if len(frame) <= MAX_WATCHED else {"note": TOO_LARGE}
        self._runtime.feed.publish(self.key, kind, shown, keep=keep)

    def _acked(self, msgid: str, verbs: Sequence[Wire], *, is_late: bool) -> None:
        self._runtime.counters.ack_sent(is_late)
        self._publish("ack", {"msgid": msgid, "verbs": verbs})

    def _failed(self, kind: str, code: object, error: BaseException) -> None:
        """A function of the author, or an answer, failed: the call goes on."""
        self._runtime.counters.handler_failed(kind)
        name = str(getattr(code, "name", code or kind))
        if not self._runtime.failures.is_news(error):
            told = {"kind": kind, "name": name, "error_type": type(error).__name__, "again": True}
            QUICK.error("handler_failed", self, told)
            return
        text = mask_personal(str(error)[:ERROR_SHOWN])  # anybody's words, as in the traceback
        self.log.error("handler_failed", kind=kind, name=name, error=text, exc_info=error)
