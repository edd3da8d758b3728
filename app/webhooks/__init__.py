"""Webhooks: tells organisations over HTTP of what happens, signed, until it is heard."""

from app.webhooks.deliverer import Deliverer
from app.webhooks.signing import SIGNATURE, new_secret, sign

__all__ = ["SIGNATURE", "Deliverer", "new_secret", "sign"]
