"""``/api/audit``: who changed what, and when."""

from datetime import datetime
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.rest.api.pages import cut, next_page
from app.rest.models import View
from app.rest.operation import Answer, Reply, operation
from app.rest.tenant import tenant_of

__all__ = ["OPERATIONS"]

Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class AuditFilter(BaseModel):
    """Which entries to list."""

    model_config = ConfigDict(extra="forbid")

    noun: Annotated[
        Word | None, Field(description="What was changed: `agent`, `key`, `person` …")
    ] = None
    noun_id: Annotated[Word | None, Field(description="Which one.")] = None
    actor: Annotated[
        Word | None, Field(description="Who did it: `person:…`, `key:…`, `settings`, `system`.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=200, description="How many at most.")] = 50
    after: Annotated[
        int | None,
        Field(ge=1, lt=2**63, description="Begin behind this one: as in the `Link` of the page."),
    ] = None


class AuditView(View):
    """One change."""

    id: int
    at: datetime
    actor: Annotated[str, Field(description="Who: `person:…`, `key:…`, `settings`, `system`.")]
    action: Annotated[str, Field(description="`create`, `change`, `delete` …")]
    noun: Annotated[str, Field(description="What: `agent`, `key`, `person` …")]
    noun_id: str
    before: Annotated[Any, Field(description="As it was, without secrets; null of what is new.")]
    after: Annotated[Any, Field(description="As it became; null of what is gone.")]


@operation(
    "GET",
    "/api/audit",
    needs="audit:read",
    answers={200: Answer("The newest first; `Link` leads to the next page.", list[AuditView])},
)
async def list_changes(request: web.Request, query: AuditFilter) -> Reply:
    """List who changed what, and when."""
    found = await tenant_of(request).audits.list(
        limit=query.limit + 1,
        before=query.after,
        noun=query.noun,
        noun_id=query.noun_id,
        actor=query.actor,
    )
    page, last = cut(found, query.limit)
    link = next_page(request, last.id) if last else {}
    return Reply([AuditView.model_validate(one) for one in page], link)


OPERATIONS: Final = (list_changes,)
