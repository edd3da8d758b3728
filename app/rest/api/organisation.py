"""``/api/organisation``: the organisation of whoever asks."""

from typing import Final

from aiohttp import web

from app.identity.organisation_secrets import seal_vendor_key
from app.keys import VAULT
from app.rest.api.organisation_models import OrganisationBody, OrganisationView
from app.rest.operation import Answer, operation
from app.rest.problems import invalid
from app.rest.tenant import tenant_of
from app.store.organisation import LOOKUP_SECRET, VENDOR

__all__ = ["OPERATIONS"]

ROUTE: Final = "/api/organisation"
PLAIN: Final = (
    "client_lookup_url",
    "client_lookup_header",
    "client_lookup_early",
    "worker_model",
    "retention_days",
    "max_calls",
)


@operation(
    "GET", ROUTE, needs="organisation:read", answers={200: Answer("As it is.", OrganisationView)}
)
async def show_organisation(request: web.Request) -> OrganisationView:
    """Show the organisation and its settings."""
    return OrganisationView.of(await tenant_of(request).organisation.get())


@operation(
    "PATCH",
    ROUTE,
    needs="organisation:write",
    answers={200: Answer("As it is now.", OrganisationView)},
)
async def change_organisation(request: web.Request, body: OrganisationBody) -> OrganisationView:
    """Change the organisation: what is named, and nothing else."""
    if not body.model_fields_set:
        raise invalid("The body names nothing to change; see the fields of `GET`.")
    vault = request.app[VAULT]
    secrets: dict[str, str | None] = {
        VENDOR + vendor: None if given is None else seal_vendor_key(given, vault)
        for vendor, given in body.vendor_keys.items()
    }
    for secret in body.given(LOOKUP_SECRET).values():
        secrets[LOOKUP_SECRET] = None if secret is None else vault.seal(secret)
    changed = await tenant_of(request).organisation.change(
        name=body.name or None, settings=body.given(*PLAIN), secrets=secrets
    )
    return OrganisationView.of(changed)


OPERATIONS: Final = (show_organisation, change_organisation)
