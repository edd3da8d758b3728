"""Telling webhooks of calls, in the transaction that records them: neither is there alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.deliveries import Deliveries
from app.store.news import Event, News
from app.store.scope import Scope
from app.store.tables.calls import CALLS

__all__ = ["tell_of_calls"]

WIRE_NAMES: Final = {"from_number": "from", "to_number": "to"}
SHOWN: Final = (
    "call_sid",
    "application",
    "agent_id",
    "agent_version",
    "direction",
    "from_number",
    "to_number",
    "started_at",
    "ended_at",
    "seconds",
    "status",
    "end_reason",
    "turns",
    "interruptions",
    "tool_calls",
    "tool_failures",
    "input_tokens",
    "output_tokens",
    "cost",
)


async def tell_of_calls(
    scope: Scope, connection: AsyncConnection, happened: Sequence[tuple[Event, str]]
) -> int:
    """Put what happened to calls on its way to the webhooks that want to know.

    Args:
        scope: Whose calls they are.
        connection: Of the transaction that has written them.
        happened: What, and to which call, by its id.

    Returns:
        How many messages are lost, since too many wait already.
    """
    deliveries = Deliveries(scope)
    if not happened or not (listeners := await deliveries.listeners(connection)):
        return 0
    calls = await _read(scope, connection, {call_id for _, call_id in happened})
    news = [
        News.of(event, calls[call_id], about=call_id)
        for event, call_id in happened
        if call_id in calls
    ]
    return await deliveries.announce(connection, listeners, news)


async def _read(
    scope: Scope, connection: AsyncConnection, ids: Iterable[str]
) -> dict[str, Mapping[str, Any]]:
    columns = [CALLS.c[name].label(WIRE_NAMES.get(name, name)) for name in SHOWN]
    query = scope.select(CALLS, CALLS.c.id.label("id"), *columns).where(CALLS.c.id.in_(ids))
    rows = [dict(row._mapping) for row in await connection.execute(query)]
    return {row.pop("id"): row for row in rows}
