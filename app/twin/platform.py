"""What all calls of a twin share."""

import ssl
from dataclasses import dataclass, field
from random import Random

from app.llm import ChatModel, Keys, connect
from app.mcp import Pin
from app.twin.board import Switchboard
from app.twin.chaos import Chaos, Network
from app.twin.clock import Clock
from app.twin.dialect import DialectName
from app.twin.ids import Ids
from app.twin.pace import Pace
from app.twin.socket import Dialling


@dataclass(frozen=True, slots=True)
class Platform:
    """The settings of a twin, and what they have made.

    Attributes:
        pin: Finds the address to connect to for a host that an application names. Where there is
            one, applications are not trusted: their sockets are those of the server at ``home``,
            and the twin's own keys go to the vendors only.
    """

    model: ChatModel | None
    dialect: DialectName
    credentials: tuple[str, str] | None
    max_frame: int
    understands_agent: bool
    pace: Pace
    tls: ssl.SSLContext | None
    clock: Clock
    ids: Ids
    chance: Random
    board: Switchboard
    offline: ChatModel = field(default_factory=lambda: connect("offline"))
    summarize_turns: int = 0
    keys: Keys = field(default_factory=dict, repr=False)
    chaos: Chaos | None = None
    pin: Pin | None = None
    home: str = ""
    networks: list[Network] = field(default_factory=list)

    def dialling(self) -> Dialling:
        """How the sockets of one line are opened."""
        network = None
        if self.chaos:
            network = Network(self.chaos, len(self.networks))
            self.networks.append(network)
        return Dialling(
            self.pace.handshake,
            self.max_frame,
            self.credentials,
            self.tls,
            network,
            self.clock,
            only=self.home if self.pin else "",
        )
