"""The cookie of whoever is signed in."""

from typing import Final

from aiohttp import web

from app.identity import LONGEST
from app.keys import SETTINGS

__all__ = ["clear_cookie", "cookie_of", "set_cookie"]

NAME: Final = "cordboard-session"
SECURE_NAME: Final = f"__Host-{NAME}"
"""Browsers take a cookie of such a name from this very host over TLS only: none can be planted."""


def cookie_of(request: web.Request) -> str | None:
    """The value that came."""
    return request.cookies.get(SECURE_NAME if _is_secure(request) else NAME)


def set_cookie(request: web.Request, response: web.Response, value: str) -> None:
    """Let the browser send the value from now on, to this server only and for no script to read."""
    name = SECURE_NAME if _is_secure(request) else NAME
    response.set_cookie(
        name,
        value,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="Strict",
    )


def clear_cookie(request: web.Request, response: web.Response) -> None:
    """Let the browser forget it."""
    is_secure = _is_secure(request)
    response.del_cookie(
        SECURE_NAME if is_secure else NAME, path="/", secure=is_secure, samesite="Strict"
    )


def _is_secure(request: web.Request) -> bool:
    """Whether browsers reach this server over TLS: its own, or that of a proxy before it."""
    return request.secure or request.app[SETTINGS].base_url.startswith("https:")
