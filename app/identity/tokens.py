"""Random secrets: keys, passwords of WebSockets, proofs of being signed in.

They have 256 bits, so that a plain SHA-256 is all that has to be kept of one: nobody can try out
what it might be.
"""

import hashlib
import re
import secrets
from typing import Final

__all__ = ["KEY_PREFIX", "digest_of", "is_token", "new_key", "new_token", "prefix_of"]

KEY_PREFIX: Final = "cbk_"
"""What every key that we make begins with: a leaked one can be searched for."""
BYTES: Final = 32
SHOWN: Final = 10
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """43 characters that fit into a URL, a header and a cookie."""
    return secrets.token_urlsafe(BYTES)


def new_key() -> str:
    """A key of the REST API."""
    return KEY_PREFIX + new_token()


def is_token(text: str) -> bool:
    """Whether it has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def prefix_of(key: str) -> str:
    """As much of a key as may be shown: six of its 43 random characters."""
    return key[:SHOWN]


def digest_of(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
