"""``/api/webhooks``: where an organisation is told of its calls, and how each message went."""

from datetime import timedelta
from typing import Final

from aiohttp import web

from app.keys import DELIVERER, OUTWARD, VAULT
from app.outward import OutwardError, check_url
from app.rest.api.pages import cut, next_page, read_position, write_position
from app.rest.api.webhook_models import (
    DeliveryFilter,
    DeliveryPath,
    DeliveryView,
    NewWebhookView,
    WebhookBody,
    WebhookPath,
    WebhookView,
)
from app.rest.operation import Answer, Reply, operation
from app.rest.problems import HEADERS, Problem, invalid
from app.rest.tenant import tenant_of
from app.store import now
from app.store.deliveries import Delivery
from app.store.news import PING, News
from app.store.webhooks import MOST_WEBHOOKS
from app.webhooks import new_secret

__all__ = ["OPERATIONS"]

READ: Final = "organisation:read"
WRITE: Final = "organisation:write"
ROUTE: Final = "/api/webhooks"
ONE: Final = f"{ROUTE}/{{webhook_id}}"
DELIVERIES: Final = f"{ONE}/deliveries"
NO_WEBHOOK: Final = {404: "No such webhook."}
BOTH_SIGN: Final = timedelta(hours=24)
"""How long the secret before signs too, so that receivers can change it at their leisure."""


@operation("GET", ROUTE, needs=READ, answers={200: Answer("The oldest first.", list[WebhookView])})
async def list_webhooks(request: web.Request) -> list[WebhookView]:
    """List where the organisation is told of what."""
    return [WebhookView.of(one) for one in await tenant_of(request).webhooks.list()]


@operation(
    "POST",
    ROUTE,
    needs=WRITE,
    answers={201: Answer("Made; its secret is shown this once.", NewWebhookView)},
    problems={409: "The organisation has as many webhooks as it may."},
)
async def create_webhook(request: web.Request, body: WebhookBody) -> Reply:
    """Let the organisation be told of its calls at an address."""
    _check_address(request, body)
    secret = new_secret()
    made = await tenant_of(request).webhooks.create(
        url=body.url,
        events=body.events,
        is_active=body.is_active,
        sealed=request.app[VAULT].seal(secret),
    )
    if made is None:
        detail = f"An organisation has {MOST_WEBHOOKS} webhooks at most; delete one first."
        raise Problem(409, detail, kind="too-many-webhooks", title="Too many webhooks")
    return Reply(NewWebhookView.of(made, secret=secret), {"Location": f"{ROUTE}/{made.id}"})


@operation(
    "GET",
    ONE,
    needs=READ,
    answers={200: Answer("The webhook.", WebhookView)},
    problems=NO_WEBHOOK,
)
async def get_webhook(request: web.Request, path: WebhookPath) -> WebhookView:
    """Show a webhook, without its secret."""
    found = await tenant_of(request).webhooks.get(path.webhook_id)
    if found is None:
        raise _no_webhook(path)
    return WebhookView.of(found)


@operation(
    "PUT",
    ONE,
    needs=WRITE,
    answers={200: Answer("The webhook as it is now.", WebhookView)},
    problems=NO_WEBHOOK,
)
async def replace_webhook(
    request: web.Request, path: WebhookPath, body: WebhookBody
) -> WebhookView:
    """Change where and of what the organisation is told; the secret stays."""
    _check_address(request, body)
    changed = await tenant_of(request).webhooks.replace(
        path.webhook_id, url=body.url, events=body.events, is_active=body.is_active
    )
    if changed is None:
        raise _no_webhook(path)
    return WebhookView.of(changed)


@operation(
    "DELETE",
    ONE,
    needs=WRITE,
    answers={204: Answer("Deleted, with what was on its way there.")},
    problems=NO_WEBHOOK,
)
async def delete_webhook(request: web.Request, path: WebhookPath) -> web.Response:
    """Tell nothing there any more."""
    if not await tenant_of(request).webhooks.delete(path.webhook_id):
        raise _no_webhook(path)
    return web.Response(status=204, headers=HEADERS)


@operation(
    "POST",
    f"{ONE}/secret",
    needs=WRITE,
    answers={200: Answer("The webhook, with a new secret, shown this once.", NewWebhookView)},
    problems=NO_WEBHOOK,
)
async def change_webhook_secret(request: web.Request, path: WebhookPath) -> NewWebhookView:
    """Give a webhook a new secret; for a day the one before signs too."""
    secret = new_secret()
    changed = await tenant_of(request).webhooks.rotate(
        path.webhook_id, sealed=request.app[VAULT].seal(secret), until=now() + BOTH_SIGN
    )
    if changed is None:
        raise _no_webhook(path)
    return NewWebhookView.of(changed, secret=secret)


@operation(
    "POST",
    f"{ONE}/ping",
    needs=WRITE,
    answers={202: Answer("On its way; the list of deliveries tells how it went.", DeliveryView)},
    problems=NO_WEBHOOK,
)
async def ping_webhook(request: web.Request, path: WebhookPath) -> DeliveryView:
    """Send a message `ping`, to try a webhook out."""
    sent = await tenant_of(request).deliveries.send(path.webhook_id, News.of(PING, {}))
    return _on_its_way(request, path, sent)


@operation(
    "GET",
    DELIVERIES,
    needs=READ,
    answers={200: Answer("The newest first; `Link` leads to more.", list[DeliveryView])},
    problems=NO_WEBHOOK,
)
async def list_deliveries(request: web.Request, path: WebhookPath, query: DeliveryFilter) -> Reply:
    """List the messages to a webhook of the last 30 days, and what became of them."""
    tenant = tenant_of(request)
    found = await tenant.deliveries.list(
        path.webhook_id,
        status=query.status,
        most=query.limit + 1,
        after=read_position(query.after),
    )
    if not found and await tenant.webhooks.get(path.webhook_id) is None:
        raise _no_webhook(path)
    page, last = cut(found, query.limit)
    link = next_page(request, write_position(last.created_at, last.id)) if last else {}
    return Reply([DeliveryView.model_validate(one) for one in page], link)


@operation(
    "POST",
    f"{DELIVERIES}/{{delivery_id}}/redeliver",
    needs=WRITE,
    answers={202: Answer("On its way once more.", DeliveryView)},
    problems={404: "No such webhook, or no such message to it."},
)
async def redeliver(request: web.Request, path: DeliveryPath) -> DeliveryView:
    """Send a message anew, be it delivered or given up."""
    sent = await tenant_of(request).deliveries.again(path.webhook_id, path.delivery_id)
    return _on_its_way(request, path, sent)


OPERATIONS: Final = (
    list_webhooks,
    create_webhook,
    get_webhook,
    replace_webhook,
    delete_webhook,
    change_webhook_secret,
    ping_webhook,
    list_deliveries,
    redeliver,
)


def _check_address(request: web.Request, body: WebhookBody) -> None:
    """Refuse an address that would be refused each time; names are looked up then."""
    try:
        check_url(body.url, request.app[OUTWARD].allowed)
    except OutwardError as error:
        raise invalid(f"url: {error}.", [("url", str(error))]) from None


def _on_its_way(request: web.Request, path: WebhookPath, delivery: Delivery | None) -> DeliveryView:
    if delivery is None:
        raise _no_webhook(path)
    request.app[DELIVERER].wake()
    return DeliveryView.model_validate(delivery)


def _no_webhook(path: WebhookPath) -> Problem:
    detail = f"There is no webhook {path.webhook_id!r}."
    if isinstance(path, DeliveryPath):
        detail = f"There is no message {path.delivery_id!r} to a webhook {path.webhook_id!r}."
    return Problem(404, detail, kind="no-such-webhook", title="No such webhook")
