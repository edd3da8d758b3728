"""What whoever asks has in the store, and nothing else."""

from aiohttp import web

from app.keys import PRINCIPAL, STORE
from app.store import Tenant

__all__ = ["tenant_of"]


def tenant_of(request: web.Request) -> Tenant:
    """All that the organisation of whoever asks has; what they change is noted as theirs."""
    principal = request[PRINCIPAL]
    return request.app[STORE].tenant(principal.organisation_id, principal.actor)
