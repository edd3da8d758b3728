"""Export: the records of calls as CSV or JSON Lines, written while they are read."""

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from aiohttp import web

from app.records import read_entries, tell
from app.rest.api.call_models import CallListed, CallShown, ExportQuery
from app.rest.api.calls import READ, ROUTE
from app.rest.operation import Answer, operation
from app.rest.problems import HEADERS
from app.rest.stream import write_patiently
from app.rest.tenant import tenant_of
from app.store.calls import Call, CallFilter, Calls

__all__ = ["OPERATIONS", "guarded"]

PAGE: Final = 200
TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
COLUMNS: Final = tuple(CallListed.model_fields)
HEADINGS: Final = tuple(field.alias or name for name, field in CallListed.model_fields.items())
# A spreadsheet takes what begins so for a formula, which a caller's name must not become.
FORMULA: Final = re.compile(r"^[=+\-@\t\r]")
HARMLESS: Final = re.compile(r"^\+\d{1,30}$")


@operation(
    "GET",
    f"{ROUTE}/export",
    needs=READ,
    answers={200: Answer("The newest first.", str, "text/csv", "application/jsonl")},
    name="export_call_records",
)
async def export_calls(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Export calls as CSV, or with all that is known of each as JSON Lines.

    In CSV a text that a spreadsheet would take for a formula has a `'` before it.
    """
    name = f'attachment; filename="calls.{query.format}"'
    headers = {**HEADERS, "Content-Type": TYPES[query.format], "Content-Disposition": name}
    response = web.StreamResponse(headers=headers)
    if request.method == "HEAD":
        return web.Response(headers=headers)
    calls = tenant_of(request).calls
    write = write_csv if query.format == "csv" else write_jsonl
    chunks = write(calls, query.to_filter())
    first = await anext(chunks, b"")  # a store that is away is an answer, not half a file
    await response.prepare(request)
    await write_patiently(request, response, first, chunks)
    return response


async def pages(calls: Calls, wanted: CallFilter) -> AsyncIterator[Sequence[Call]]:
    """All pages, one after another."""
    after = None
    while True:
        page = await calls.list(wanted, limit=PAGE, after=after)
        if page.calls:
            yield page.calls
        if page.next is None:
            return
        after = page.next


async def write_csv(calls: Calls, wanted: CallFilter) -> AsyncIterator[bytes]:
    """A heading, then a row for each call."""
    yield as_csv([HEADINGS])
    async for page in pages(calls, wanted):
        yield as_csv([[shown(getattr(call, name)) for name in COLUMNS] for call in page])


def as_csv(rows: Sequence[Sequence[object]]) -> bytes:
    """Rows as text."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def shown(value: object) -> object:
    """A value in a cell."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return guarded(value) if isinstance(value, str) else value


def guarded(text: str) -> str:
    """A text that stays a text, whoever opens it."""
    return f"'{text}" if FORMULA.match(text) and not HARMLESS.match(text) else text


async def write_jsonl(calls: Calls, wanted: CallFilter) -> AsyncIterator[bytes]:
    """A line for each call."""
    async for page in pages(calls, wanted):
        found = await calls.parts_of([call.id for call in page])
        lines = [show(call, found.get(call.id, ())) for call in page]
        yield b"".join(lines)


def show(call: Call, parts: Sequence[str]) -> bytes:
    """A call with its story, as one line."""
    story = tell(read_entries(parts), is_over=call.status != "live")
    return CallShown.of(call, story).model_dump_json(by_alias=True).encode() + b"\n"


OPERATIONS: Final = (export_calls,)
