"""Lets questions be answered from the documents of a node's store."""

import structlog
from aiohttp import web

from app.identity.organisation_secrets import vendor_keys
from app.keys import FILE_READER, LIBRARIAN, SETTINGS, VAULT
from app.knowledge import FileReader, Librarian
from app.llm import ChatModel, ModelError, connect
from app.logs import Event
from app.store import Tenant
from app.vault import VaultError

__all__ = ["setup_knowledge"]

log = structlog.get_logger()


def setup_knowledge(web_app: web.Application) -> None:
    """Give a node its librarian, and what reads files for it."""
    settings = web_app[SETTINGS]

    async def worker_of(tenant: Tenant) -> ChatModel | None:
        organisation = await tenant.organisation.get()
        spec = organisation.settings.worker_model or settings.worker_model
        try:
            own = vendor_keys(organisation, web_app[VAULT])
            return connect(spec, keys={**settings.llm_keys, **own})
        except VaultError as error:
            log.warning(Event.KNOWLEDGE_WITHOUT_WORKER, model=spec, reason=str(error))
            return None
        except ModelError as error:
            told = log.info if error.kind == "auth" else log.warning
            told(Event.KNOWLEDGE_WITHOUT_WORKER, model=spec, reason=str(error))
            return None

    web_app[LIBRARIAN] = Librarian(worker_of, budget=settings.knowledge_budget)
    web_app[FILE_READER] = FileReader()
