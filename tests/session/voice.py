"""jambonz' stream of text to a voice, at the end of a line made of lists."""

from dataclasses import dataclass, field
from typing import Any

from tests.session.conftest import Line, ListSocket


@dataclass
class Voice:
    """Answers ``tts:tokens`` as it is told to; what it took is ``taken``."""

    line: Line
    taken: list[str] = field(default_factory=list)
    answered: int = 0

    def event(self, kind: str, **data: Any) -> None:
        self.line.send("tts:streaming-event", {"event_type": kind, **data})

    def result(self, number: int, status: str = "ok", reason: str | None = None) -> None:
        data = {"id": number, "status": status} | ({"reason": reason} if reason else {})
        self.line.send("tts:tokens-result", data)

    async def piece(self) -> dict[str, Any]:
        """The next piece of text that is not answered yet."""
        self.answered += 1
        pieces: list[dict[str, Any]] = await self.line.command("tts:tokens", self.answered)
        return pieces[self.answered - 1]

    async def take(self) -> str:
        piece = await self.piece()
        self.taken.append(piece["tokens"])
        self.result(piece["id"])
        return str(piece["tokens"])

    async def take_all(self) -> str:
        """Take what comes until the flush."""
        while self.socket.frames[-1].get("command") != "tts:flush":
            await self.socket.until(
                lambda frames: (
                    len(self.line.commands("tts:tokens")) > self.answered
                    or frames[-1].get("command") == "tts:flush"
                )
            )
            if len(self.line.commands("tts:tokens")) > self.answered:
                await self.take()
        return "".join(self.taken)

    @property
    def socket(self) -> ListSocket:
        return self.line.socket
