"""What a caller hears while a tool runs: a phrase on a track of its own."""

import weakref
from typing import TYPE_CHECKING, Any

from app.protocol import LocalError
from app.session.tool_run import ToolRun

if TYPE_CHECKING:
    from app.session.live import LiveCall

FILLER_TRACK = "filler"


class Fillers:
    """The fillers of a session. They do not touch the agent's turn."""

    __slots__ = ("_has_filler_track", "_owner")

    def __init__(self, session: "LiveCall[Any, Any]") -> None:
        self._owner = weakref.ref(session)  # which holds this: no cycle for the collector
        self._has_filler_track = False

    @property
    def _session(self) -> "LiveCall[Any, Any]":
        session = self._owner()
        assert session is not None, "whatever runs for a call keeps it"
        return session

    def _fill(self, tool_run: ToolRun) -> None:
        """Speak the filler phrase."""
        tool_run.filler_at = None
        phrase = tool_run.tool.filler if tool_run.tool else None
        if phrase is None or not self._session.is_open:
            return
        try:
            if not self._has_filler_track:
                self._has_filler_track = True
                self._session._dub({"action": "addTrack", "track": FILLER_TRACK})
            self._session._dub({"action": "sayOnTrack", "track": FILLER_TRACK, "say": phrase})
            tool_run.has_filler = True
        except LocalError as error:
            self._session._failed("filler", tool_run.tool, error)

    def _silence_filler(self, tool_run: ToolRun) -> None:
        """The model has its answer: the phrase must not run into what it says."""
        tool_run.filler_at = None
        if tool_run.has_filler and self._session.is_open:
            tool_run.has_filler = False
            try:
                self._session._dub({"action": "silenceTrack", "track": FILLER_TRACK})
            except LocalError as error:
                self._session._failed("filler", tool_run.tool, error)
