"""Webhooks over REST: what is asked for, and what is shown."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.identity.words import Id
from app.rest.api.pages import After, Limit
from app.rest.models import Body, View
from app.store.deliveries import Status
from app.store.news import Event
from app.store.webhooks import Webhook

__all__ = [
    "DeliveryFilter",
    "DeliveryPath",
    "DeliveryView",
    "NewWebhookView",
    "WebhookBody",
    "WebhookPath",
    "WebhookView",
]


class WebhookPath(BaseModel):
    """Which webhook."""

    webhook_id: Annotated[Id, Field(description="The webhook's id.")]


class DeliveryPath(WebhookPath):
    """Which message to it."""

    delivery_id: Annotated[Id, Field(description="The delivery's id.")]


class DeliveryFilter(BaseModel):
    """Which messages to list."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    limit: Limit = 50
    after: After | None = None


class WebhookBody(Body):
    """Where to tell of what."""

    url: Annotated[
        str,
        Field(
            max_length=2000,
            pattern=r"^[\x21-\x7e]+$",
            description="Is asked with POST. `https` keeps the numbers in it from others.",
        ),
    ]
    events: Annotated[list[Event], Field(min_length=1, description="What to tell of.")]
    is_active: Annotated[bool, Field(description="Whether anything is sent.")] = True

    @field_validator("events")
    @classmethod
    def _once_each(cls, events: list[Event]) -> list[Event]:
        if len(set(events)) < len(events):
            raise ValueError("expected each event once")
        return events


class WebhookView(View):
    """Where an organisation is told of what."""

    id: str
    url: str
    events: list[str]
    is_active: bool
    old_secret_until: Annotated[
        datetime | None,
        Field(description="Until then the secret before this one signs too."),
    ] = None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, webhook: Webhook, **more: object) -> Self:
        """A webhook, without its secrets."""
        untils = [one.until for one in webhook.secrets if one.until is not None]
        shown = {name: getattr(webhook, name) for name in SHOWN}
        return cls.model_validate({**shown, "old_secret_until": max(untils, default=None), **more})


SHOWN = ("id", "url", "events", "is_active", "created_at", "updated_at")


class NewWebhookView(WebhookView):
    """The same, with a secret that is shown this once."""

    secret: Annotated[str, Field(description="Signs what is sent; keep it, it is not shown again.")]


class DeliveryView(View):
    """A message to a webhook, and what became of it."""

    id: str
    event: Annotated[str, Field(description="What it tells of; `ping` where it was tried out.")]
    event_id: Annotated[str, Field(description="The same in every attempt, for who is told twice.")]
    status: Status
    attempts: int
    next_at: Annotated[datetime | None, Field(description="When it is tried next.")]
    answered: Annotated[int | None, Field(description="The status that came back last.")]
    error: Annotated[str | None, Field(description="Why the last attempt was in vain.")]
    created_at: datetime
    finished_at: datetime | None
