"""Which web pages may speak to the MCP edge: those of this server alone."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from app.keys import SETTINGS
from app.rest import Problem

__all__ = ["check_origin"]

HERE: Final = ("localhost", "127.0.0.1", "::1")


def check_origin(request: web.Request) -> None:
    """Refuse requests that a browser makes for the page of another site.

    A name may be made to point here (DNS rebinding), so that `Host` alone proves nothing: only the
    public address of the server, this machine, and the very IP address that was asked are believed.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not is_own(origin, request):
        raise Problem(
            403,
            f"MCP is not for the pages of other sites; this one is of {origin[:100]!r}.",
            kind="foreign-origin",
        )


def is_own(origin: str, request: web.Request) -> bool:
    """Whether an origin is this server's."""
    settings = request.app[SETTINGS]
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
        public = urlsplit(settings.public_url or "")
    except ValueError:
        return False
    if settings.public_url and (parts.scheme, parts.netloc) == (public.scheme, public.netloc):
        return True
    return parts.scheme in ("http", "https") and (
        host in HERE or (is_address(host) and parts.netloc == request.host)
    )


def is_address(host: str) -> bool:
    """Whether it is an IP address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
