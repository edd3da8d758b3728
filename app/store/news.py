"""News: what webhooks are told of."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self, get_args

import orjson

from app.store.types import new_id, now

__all__ = ["EVENTS", "PING", "Event", "News", "news_id"]

Event = Literal["call.started", "call.ended"]
EVENTS: Final[tuple[Event, ...]] = get_args(Event)

PING: Final = "ping"
"""What is sent when somebody tries a webhook out."""


def news_id(event: str, about: str) -> str:
    """The id of what can happen only once to something, which has an id itself."""
    return str(uuid.uuid5(uuid.UUID(about), event))


@dataclass(frozen=True, slots=True)
class News:
    """Something that webhooks are told of.

    Args:
        event: Its name, such as ``call.ended``.
        id: By which whoever is told twice knows it again.
        body: As it is sent: JSON.
    """

    event: str
    id: str
    body: str

    @classmethod
    def of(
        cls,
        event: Event | Literal["ping"],
        data: Mapping[str, Any],
        *,
        about: str | None = None,
        at: datetime | None = None,
    ) -> Self:
        """News as JSON: ``{"id": …, "type": "call.ended", "created_at": …, "data": …}``.

        Args:
            event: What happened.
            data: What there is to know of it.
            about: The id of what it happened to, where it can happen only once: told again, it is
                the same news.
            at: When; now unless set.
        """
        own_id = new_id() if about is None else news_id(event, about)
        told = {"id": own_id, "type": event, "created_at": at or now(), "data": data}
        return cls(event, own_id, orjson.dumps(told, option=orjson.OPT_UTC_Z).decode())
