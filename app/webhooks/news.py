"""What webhooks are told of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, get_args

import orjson

from app.store.deliveries import News
from app.store.types import new_id, now

__all__ = ["EVENTS", "Event", "news"]

Event = Literal["call.started", "call.ended"]
EVENTS: Final[tuple[Event, ...]] = get_args(Event)
PING: Final = "ping"


def news(
    event: Event | Literal["ping"], data: Mapping[str, Any], at: datetime | None = None
) -> News:
    """Something to tell, as JSON: ``{"id": …, "type": "call.ended", "created_at": …, "data": …}``.

    Args:
        event: What happened.
        data: About it, as JSON values; times and ids as they are.
        at: When; now unless set.
    """
    event_id, moment = new_id(), at or now()
    told = {"id": event_id, "type": event, "created_at": moment, "data": data}
    return News(event, event_id, orjson.dumps(told, option=orjson.OPT_UTC_Z).decode())
