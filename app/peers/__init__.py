"""Peers: the other nodes of a cluster, asked over their private ports.

Who asks another node proves it by a pass, which also says on whose behalf; see `Passes`.
"""

from app.peers.client import ANSWER_SECONDS, PASS_HEADER, NoAnswer, NotReached, PeerError, Peers
from app.peers.here import ThisNode
from app.peers.passes import BadPass, Pass, Passes

__all__ = [
    "ANSWER_SECONDS",
    "PASS_HEADER",
    "BadPass",
    "NoAnswer",
    "NotReached",
    "Pass",
    "Passes",
    "PeerError",
    "Peers",
    "ThisNode",
]
