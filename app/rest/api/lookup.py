"""``/api/organisation/lookup``: whether the organisation's own system tells who has a number."""

import time
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from app.builtin_tools import LookupSource, look_up
from app.identity.organisation_secrets import lookup_secret
from app.keys import OUTWARD, VAULT
from app.outward import OutwardError
from app.rest.models import Body, View
from app.rest.operation import Answer, operation
from app.rest.problems import Problem
from app.rest.tenant import tenant_of

__all__ = ["OPERATIONS"]

SHOWN: Final = 16_384
NOT_SET: Final = "The organisation has no `client_lookup_url`; set it with PATCH /api/organisation."


class LookupTrial(Body):
    """Whom to ask about."""

    phone_number: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f]*$",
            description="As it comes with a call.",
            examples=["+15085551212"],
        ),
    ]


class LookupTrialView(View):
    """What came."""

    status: Annotated[int | None, Field(description="Of HTTP; null where there was no answer.")]
    body: Annotated[str, Field(description=f"As text, its first {SHOWN} characters.")]
    problem: Annotated[str, Field(description="Why there was no answer, and the fix.")]
    milliseconds: float


@operation(
    "POST",
    "/api/organisation/lookup/try",
    needs="organisation:write",
    answers={200: Answer("What came.", LookupTrialView)},
    problems={409: "The organisation has no address to ask."},
)
async def try_lookup(request: web.Request, body: LookupTrial) -> LookupTrialView:
    """Ask the organisation's `client_lookup_url` about a number, as a call would."""
    organisation = await tenant_of(request).organisation.get()
    settings = organisation.settings
    if not settings.client_lookup_url:
        raise Problem(409, NOT_SET, kind="no-lookup", title="No look-up")
    secret = lookup_secret(organisation, request.app[VAULT])
    source = LookupSource(settings.client_lookup_url, secret, settings.client_lookup_header)
    began = time.perf_counter()
    status, text, problem = None, "", ""
    try:
        found = await look_up(request.app[OUTWARD], source, body.phone_number)
    except OutwardError as error:
        problem = str(error)
    else:
        status, text = found.status, found.text[:SHOWN]
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    return LookupTrialView(status=status, body=text, problem=problem, milliseconds=milliseconds)


OPERATIONS: Final = (try_lookup,)
