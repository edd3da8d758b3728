"""A webhook of the default organisation that leads to a server of the test."""

from collections.abc import Sequence
from typing import Any

from app.store import Tenant
from app.store.deliveries import Delivery
from app.store.news import EVENTS, Event, News
from app.store.webhooks import Webhook
from app.vault import Vault
from app.webhooks import new_secret

SECRET_KEY = "a-key-of-the-tests-of-forty-characters.."
VAULT = Vault([SECRET_KEY])


async def make_webhook(tenant: Tenant, url: str, secret: str = "", **more: Any) -> Webhook:
    """A webhook that wants everything."""
    sealed = VAULT.seal(secret or new_secret())
    made = await tenant.webhooks.create(**{"url": url, "events": EVENTS, "sealed": sealed} | more)
    assert made is not None
    return made


def many(number: int) -> list[Event]:
    """So many calls end."""
    return ["call.ended"] * number


async def announce(tenant: Tenant, *events: Event, data: object = None) -> int:
    """Something happens; gives how much of it was lost."""
    told = [News.of(event, {"n": number, "data": data}) for number, event in enumerate(events)]
    async with tenant.scope.writing() as connection:
        listeners = await tenant.deliveries.listeners(connection)
        return await tenant.deliveries.announce(connection, listeners, told)


async def deliveries(tenant: Tenant, webhook: Webhook) -> Sequence[Delivery]:
    """All that was sent there or waits to be, the newest first."""
    return await tenant.deliveries.list(webhook.id, most=100)
