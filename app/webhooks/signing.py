"""The signature of a message: who has the secret can tell that it is ours, and when it was sent."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

__all__ = ["SIGNATURE", "new_secret", "sign"]

SIGNATURE: Final = "Cordboard-Signature"
"""The header that carries it."""

PREFIX: Final = "whsec_"
BYTES: Final = 32


def new_secret() -> str:
    """A secret for one webhook, which signs what is sent there."""
    return PREFIX + secrets.token_urlsafe(BYTES)


def sign(body: bytes, moment: int, keys: Iterable[str]) -> str:
    """The signature, as ``t=1767225600,v1=5257a8…``, with one ``v1`` for each secret.

    Args:
        body: As it is sent.
        moment: When it is sent, in seconds since 1970: part of what is signed, so that nobody can
            send it once more later on.
        keys: The secrets that count; while one takes the other's place, two.
    """
    signed = f"{moment}.".encode() + body
    marks = (hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys)
    return ",".join([f"t={moment}", *(f"v1={mark}" for mark in marks)])
