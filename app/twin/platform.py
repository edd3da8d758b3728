"""What all calls of a twin share."""

import ssl
from dataclasses import dataclass, field

from app.llm import ChatModel
from app.twin.board import Switchboard
from app.twin.dialect import DialectName
from app.twin.pace import Pace
from app.twin.socket import Dialling


@dataclass(frozen=True, slots=True)
class Platform:
    """The settings of a twin."""

    model: ChatModel
    dialect: DialectName
    credentials: tuple[str, str] | None
    max_frame: int
    understands_agent: bool
    pace: Pace
    tls: ssl.SSLContext | None
    board: Switchboard = field(default_factory=Switchboard)

    def dialling(self) -> Dialling:
        """How its sockets are opened."""
        return Dialling(self.pace.handshake, self.max_frame, self.credentials, self.tls)
