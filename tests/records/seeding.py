"""Many calls in a store, by another way than the recorder's: for lists, filters and removal."""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.store import Tenant
from app.store.call_writing import call_id
from app.store.tables.calls import CALL_PARTS, CALLS

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
AGENTS = [str(uuid.UUID(int=number)) for number in range(1, 21)]
REASONS = ("completed",) * 95 + ("no-answer", "busy", "failed", "canceled", "internal error")
ENTRIES = (
    '[[1,1762000000.5,"session",{"type":"session:new"}],'
    '[2,1762000001.5,"event",null,{"data":{"type":"turn_end","transcript":"Hi.",'
    '"response":"Hello."}}],[3,1762000002.5,"session",{"type":"ended"}]]'
)


def draw(number: int, most: int, salt: str = "") -> int:
    """A number below ``most`` that looks random and is always the same."""
    digest = hashlib.blake2b(f"{salt}{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % most


def call_row(number: int, *, spacing: timedelta = timedelta(seconds=2)) -> dict[str, Any]:
    """A call, one of many: half in code, half by one of twenty agents, all to one number."""
    agent = draw(number, 40, "agent")
    started = BEGAN + number * spacing
    seconds = 5.0 + draw(number, 600, "seconds")
    return {
        "call_sid": f"call-{number}",
        "application": "/desk" if agent >= len(AGENTS) else f"/agents/{AGENTS[agent]}",
        "agent_id": None if agent >= len(AGENTS) else AGENTS[agent],
        "agent_version": None if agent >= len(AGENTS) else 1,
        "direction": "outbound" if agent == 0 else "inbound",  # one agent makes calls, and no other
        "from_number": f"+1508{draw(number, 100_000, 'from'):07}",
        "to_number": "+16175550100",
        "started_at": started,
        "seen_at": started,
        "ended_at": started + timedelta(seconds=seconds),
        "seconds": seconds,
        "status": "ended",
        "end_reason": REASONS[draw(number, len(REASONS), "reason")],
        "turns": draw(number, 20, "turns"),
        "interruptions": 0,
        "tool_calls": 2,
        "tool_failures": 0,
        "input_tokens": None,
        "output_tokens": None,
        "cost": None,
    }


def rows(count: int) -> Iterator[dict[str, Any]]:
    """So many calls, the oldest first."""
    return map(call_row, range(count))


async def seed(tenant: Tenant, calls: Sequence[dict[str, Any]], *, parts: bool = False) -> None:
    """Put calls into the store, with what happened in each if that is wanted."""
    scope = tenant.scope
    owner = scope.organisation_id
    found = [{**row, "id": call_id(owner, row["call_sid"])} for row in calls]
    async with scope.writing() as connection:
        await connection.execute(scope.insert(CALLS), found)
        if parts:
            told = [{"call_id": row["id"], "part": 1, "entries": ENTRIES} for row in found]
            await connection.execute(scope.insert(CALL_PARTS), told)
