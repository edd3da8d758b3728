"""Keys: what the parts of the server find in their `web.Application`."""

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:  # only the types: a key needs nothing of what it stands for
    from app.bus import Bus
    from app.calls import Calls
    from app.checkpoint import CallKeeper, Membership
    from app.counters import Counters
    from app.feed import Feed
    from app.identity import Identity, Principal
    from app.knowledge import FileReader, Librarian
    from app.outward import Outward
    from app.peers import Pass, Peers, ThisNode
    from app.records import Recorder
    from app.rest.twin.calls import TwinCalls
    from app.server.credentials import WsUsers
    from app.server.switchboard import Switchboard
    from app.settings import Settings
    from app.store import Store
    from app.stored import StoredAgents
    from app.vault import Vault
    from app.webhooks import Deliverer

__all__ = [
    "BUS",
    "CALLS",
    "COUNTERS",
    "DELIVERER",
    "DRAINING",
    "FEED",
    "FILE_READER",
    "IDENTITY",
    "KEEPER",
    "LEAVING",
    "LIBRARIAN",
    "MEMBERSHIP",
    "NODE",
    "OUTWARD",
    "PASS",
    "PEERS",
    "PRINCIPAL",
    "RECORDER",
    "SETTINGS",
    "STORE",
    "STORED_AGENTS",
    "SWITCHBOARD",
    "TWIN_CALLS",
    "VAULT",
    "WS_USERS",
]

BUS: Final[web.AppKey["Bus"]] = web.AppKey("bus")
"""Tells which node holds which call; a server that stands alone may have none."""
CALLS: Final[web.AppKey["Calls"]] = web.AppKey("calls")
COUNTERS: Final[web.AppKey["Counters"]] = web.AppKey("counters")
DELIVERER: Final[web.AppKey["Deliverer"]] = web.AppKey("deliverer")
"""Tells webhooks of what happens; there where a store is."""
DRAINING: Final[web.AppKey[asyncio.Event]] = web.AppKey("draining")
"""Set when the server takes no new calls any more."""
LEAVING: Final[web.AppKey[asyncio.Event]] = web.AppKey("leaving")
"""Set when it is soon to be so: until then a balancer may look elsewhere."""
FEED: Final[web.AppKey["Feed"]] = web.AppKey("feed")
FILE_READER: Final[web.AppKey["FileReader"]] = web.AppKey("file_reader")
"""Reads files that are uploaded; there where a store is."""
IDENTITY: Final[web.AppKey["Identity"]] = web.AppKey("identity")
"""Tells who somebody is; there where a store is."""
KEEPER: Final[web.AppKey["CallKeeper"]] = web.AppKey("keeper")
"""Keeps what calls need to go on elsewhere; there where a bus is, unless it is not wanted."""
LIBRARIAN: Final[web.AppKey["Librarian"]] = web.AppKey("librarian")
"""Answers from documents; there where a store is."""
MEMBERSHIP: Final[web.AppKey["Membership"]] = web.AppKey("membership")
"""Tells the other nodes that this one lives; there where a bus is."""
NODE: Final[web.AppKey["ThisNode"]] = web.AppKey("node")
"""This process, as other nodes know it; there where a bus is."""
PASS: Final[web.RequestKey["Pass"]] = web.RequestKey("pass")
"""In a request that another node has sent on: what it has proved."""
PEERS: Final[web.AppKey["Peers"]] = web.AppKey("peers")
"""Asks the other nodes; there where there may be any."""
PRINCIPAL: Final[web.RequestKey["Principal"]] = web.RequestKey("principal")
"""In a request that was let in: who asks."""
OUTWARD: Final[web.AppKey["Outward"]] = web.AppKey("outward")
"""Asks what operators and callers name; guarded against private addresses."""
RECORDER: Final[web.AppKey["Recorder"]] = web.AppKey("recorder")
"""Writes the records of calls; there only where the node has a store and is to keep them."""
SETTINGS: Final[web.AppKey["Settings"]] = web.AppKey("settings")
STORE: Final[web.AppKey["Store"]] = web.AppKey("store")
"""What outlives the process; a server of tests, or of simulated callers, may have none."""
STORED_AGENTS: Final[web.AppKey["StoredAgents"]] = web.AppKey("stored_agents")
"""Answers calls by what is stored; there where a store is."""
VAULT: Final[web.AppKey["Vault"]] = web.AppKey("vault")
"""Opens what is sealed in the store; there where a store is."""
SWITCHBOARD: Final[web.AppKey["Switchboard"]] = web.AppKey("switchboard")
"""Which application answers on which path."""
TWIN_CALLS: Final[web.AppKey["TwinCalls"]] = web.AppKey("twin_calls")
"""The calls that the twin makes to this server."""
WS_USERS: Final[web.AppKey["WsUsers"]] = web.AppKey("ws_users")
"""Who may open control sockets, beside the user of the settings."""
