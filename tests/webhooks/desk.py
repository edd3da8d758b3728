"""A webhook of the default organisation that leads to a server of the test."""

from collections.abc import Sequence

from app.store import Tenant
from app.store.deliveries import Delivery
from app.store.webhooks import Webhook
from app.vault import Vault
from app.webhooks import new_secret, news

VAULT = Vault(["a key of the tests, of forty characters."])


async def make_webhook(tenant: Tenant, url: str, secret: str = "") -> Webhook:
    """A webhook that wants everything."""
    return await tenant.webhooks.create(
        url=url, events=["call.started", "call.ended"], sealed=VAULT.seal(secret or new_secret())
    )


async def announce(tenant: Tenant, *events: str, data: object = None) -> int:
    """Something happens; gives how much of it was lost."""
    told = [news(event, {"n": number, "data": data}) for number, event in enumerate(events)]  # type: ignore[arg-type]
    async with tenant.scope.writing() as connection:
        return await tenant.deliveries.announce(connection, told)


async def deliveries(tenant: Tenant, webhook: Webhook) -> Sequence[Delivery]:
    """All that was sent there or waits to be, the newest first."""
    return await tenant.deliveries.list(webhook.id, most=100)
