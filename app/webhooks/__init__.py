"""Webhooks: tells organisations over HTTP of what happens, signed, until it is heard."""

from app.webhooks.deliverer import Deliverer
from app.webhooks.news import EVENTS, Event, news
from app.webhooks.signing import SIGNATURE, new_secret, sign

__all__ = ["EVENTS", "SIGNATURE", "Deliverer", "Event", "new_secret", "news", "sign"]
