"""Put the parts of a node together, and run them until a signal."""

import asyncio
import gc
import hashlib
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiohttp import web

from app import mcp_server, metrics, rest
from app.application import Application
from app.bus import Bus
from app.calls import Calls
from app.identity import Identity
from app.keys import (
    BUS,
    CALLS,
    COUNTERS,
    DRAINING,
    FEED,
    IDENTITY,
    LEAVING,
    NODE,
    OUTWARD,
    SETTINGS,
    STORE,
    SWITCHBOARD,
    VAULT,
    WS_USERS,
)
from app.llm import close_clients
from app.mcp_tools import POOL
from app.outward import Outward
from app.server.agents import setup_stored_agents
from app.server.credentials import WsUsers
from app.server.draining import Schedule, Stop, close_all, end_within, leave
from app.server.files import allow_open_files
from app.server.keeping import bus_of, setup_keeping
from app.server.knowledge import setup_knowledge
from app.server.lookout import LOOKOUT, Lookout
from app.server.private import setup_node
from app.server.quotas import Quotas
from app.server.recording import setup_records
from app.server.site import Site
from app.server.switchboard import Switchboard
from app.server.telling import setup_webhooks
from app.session import Limits, Runtime
from app.settings import Settings
from app.store import Store
from app.vault import Vault

log = structlog.get_logger("cordboard.server")

OFFERS = "sign the addresses of what calls offer over MCP"


def build(
    settings: Settings,
    applications: Sequence[Application[Any, Any]],
    *,
    calls: Calls | None = None,
    store: Store | None = None,
    bus: Bus | None = None,
) -> web.Application:
    """The web application of a node: a WebSocket route per application, REST, health, metrics.

    Args:
        settings: Bounds, keys and all else.
        applications: What to serve.
        calls: The live calls; none yet by default.
        store: What outlives the process; without one there is no `/api` and nothing is recorded.
            Whoever opened it closes it.
        bus: Tells which node holds which call; without one this server stands alone. Whoever opened
            it closes it.
    """
    if calls is None:
        calls = Calls(Runtime(limits=limits_of(settings)))
    vault = vault_of(settings)
    configure(calls.runtime, settings, vault)
    web_app = web.Application(client_max_size=settings.max_message)
    web_app[SETTINGS] = settings
    web_app[CALLS] = calls
    web_app[FEED] = calls.runtime.feed
    web_app[COUNTERS] = calls.runtime.counters
    web_app[OUTWARD] = Outward(settings.allow_private)
    web_app.cleanup_ctx.append(let_outward_go)  # first, and so the last to go
    web_app[LEAVING], web_app[DRAINING] = asyncio.Event(), asyncio.Event()
    web_app[WS_USERS] = WsUsers()
    web_app[LOOKOUT] = Lookout(settings)
    if bus is not None:
        setup_node(web_app, bus, vault)
    if store is not None:
        setup_store(web_app, store, vault)
    metrics.setup(web_app)
    rest.setup(web_app)  # before the applications: a path with parameters must not hide these
    mcp_server.setup(web_app)
    switchboard = web_app[SWITCHBOARD] = Switchboard(applications)
    web_app.router.register_resource(switchboard)
    web_app.cleanup_ctx.append(let_models_go)
    if store is not None:
        setup_webhooks(web_app, store)
    if store is not None and settings.records:
        setup_records(web_app, store)
    web_app.cleanup_ctx.append(keep_quota)
    web_app.cleanup_ctx.append(look_after_calls)
    web_app.cleanup_ctx.append(keep_mcp_servers)
    if bus is not None:
        setup_keeping(web_app)
    web_app.on_shutdown.append(close_all)
    return web_app


def vault_of(settings: Settings) -> Vault:
    """What seals secrets; without a key of the settings, as in tests, for as long as it lives."""
    keys = [key.get_secret_value() for key in settings.secret_key]
    return Vault(keys or [secrets.token_urlsafe(32)])


def configure(runtime: Runtime, settings: Settings, vault: Vault) -> None:
    """Tell what calls share what the settings say."""
    runtime.quota.total = settings.max_total_calls
    runtime.quota.each = settings.max_organisation_calls
    runtime.base_url = settings.base_url
    runtime.vault = vault
    if settings.secret_key:  # which outlives a restart, and is that of all nodes
        runtime.secret = vault.derive(OFFERS)[0]
    elif settings.api_keys:
        key = settings.api_keys[0].get_secret_value()
        runtime.secret = hashlib.sha256(b"mcp:" + key.encode()).digest()


def setup_store(web_app: web.Application, store: Store, vault: Vault) -> None:
    """Add all that lives from the store: who may ask, agents, knowledge."""
    web_app[STORE] = store
    web_app[VAULT] = vault
    web_app[IDENTITY] = Identity(store, vault)
    web_app[WS_USERS].directory = web_app[IDENTITY].ring
    web_app.cleanup_ctx.append(keep_keys)
    setup_knowledge(web_app)
    setup_stored_agents(web_app)


def limits_of(settings: Settings) -> Limits:
    """The bounds of a call, from the settings."""
    return Limits(
        max_frame=settings.max_frame,
        ack_deadline=settings.ack_deadline,
        linger=settings.session_linger,
        slow_turn=settings.slow_turn,
        max_calls=settings.max_calls,
    )


async def keep_keys(web_app: web.Application) -> AsyncIterator[None]:
    """Know the keys and credentials of all organisations, from the first request on."""
    ring = web_app[IDENTITY].ring
    await ring.refresh()
    keeper = asyncio.create_task(ring.keep())
    yield
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper


async def keep_quota(web_app: web.Application) -> AsyncIterator[None]:
    """Know how many calls there may be, and how many other nodes have."""
    directory = web_app[IDENTITY].directory if IDENTITY in web_app else None
    bus, node_id = web_app.get(BUS), web_app[NODE].id if NODE in web_app else ""
    quota = web_app[CALLS].runtime.quota
    quotas = Quotas(quota, bus=bus, node_id=node_id, directory=directory)
    keeper = asyncio.create_task(quotas.keep())
    yield
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper


async def let_outward_go(web_app: web.Application) -> AsyncIterator[None]:
    """Close, at the end, the connections to what operators named."""
    yield
    await web_app[OUTWARD].close()


async def look_after_calls(web_app: web.Application) -> AsyncIterator[None]:
    """Keep the deadlines of all calls while the node runs."""
    async with asyncio.TaskGroup() as tasks:
        keepers = [
            tasks.create_task(web_app[CALLS].sweep_forever()),
            tasks.create_task(web_app[LOOKOUT].keep()),
        ]
        yield
        for keeper in keepers:
            keeper.cancel()
    web_app[CALLS].end_all("the node stopped")


async def let_models_go(_web_app: web.Application) -> AsyncIterator[None]:
    """Close, at the end, the connections to model vendors that handlers and twin calls made."""
    yield
    with suppress(TimeoutError):  # the SDK of one of them may just be imported
        async with asyncio.timeout(1.0):
            await close_clients()


async def keep_mcp_servers(web_app: web.Application) -> AsyncIterator[None]:
    """Keep the servers of ``mcp_tools`` that calls use, until the node ends."""
    follow = web_app[CALLS].follow_tools
    POOL.open(follow)
    yield
    await POOL.close(follow)


async def connect_to_mcp_servers(_web_app: web.Application) -> None:
    """Have their tools before the first call, where the node is there to stay."""
    POOL.connect_all()


async def run(
    settings: Settings,
    applications: Sequence[Application[Any, Any]],
    *,
    on_listening: Callable[[int], object],
    store: Store | None = None,
    parts: Sequence[Callable[[web.Application], object]] = (),
    stop: Stop | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then end the process in the time that the settings give it.

    Args:
        settings: Where to listen, and all else.
        applications: What to serve.
        on_listening: Called with the port once callers can connect.
        store: What outlives the process.
        parts: What else belongs to this node; each sets itself up.
        stop: How somebody else than a signal ends it.
    """
    allow_open_files(settings.max_calls)
    stop = stop or Stop()
    bus = bus_of(settings, store)
    web_app = build(settings, applications, store=store, bus=bus)
    web_app.on_startup.append(connect_to_mcp_servers)
    for part in parts:
        part(web_app)
    settle_collector()  # before the loop is watched for stalls
    runner = web.AppRunner(web_app, handle_signals=False, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    site = Site(
        runner,
        settings.host,
        settings.port,
        ssl_context=tls_context(settings),
        is_shared=settings.worker is not None,
    )
    stop.hear_signals()
    try:
        await site.start()
        port: int = runner.addresses[0][1]
        on_listening(port)
        log.info("listening", host=settings.host, port=port)
        await leave(web_app, site, stop)
    finally:
        await runner.cleanup()
        if bus is not None:
            await bus.close()
    end_within(Schedule.within(settings.drain_seconds).straggle)


def settle_collector() -> None:
    """Let the garbage collector look at what calls make, and seldom at all of it.

    A full collection stops every call of the process for as long as it walks through all objects:
    those that the start made need no second look, and those of calls are let go without cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS with the certificate of the settings, if there is one."""
    if not settings.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context
