"""Which web pages may speak to this server: its own."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from app.keys import SETTINGS
from app.rest.problems import Problem

__all__ = ["is_own", "require_own_page"]

HERE: Final = ("localhost", "127.0.0.1", "::1")
SITE: Final = "Sec-Fetch-Site"


def require_own_page(request: web.Request) -> None:
    """Refuse what a browser sends for a page of another site, along with our cookie.

    A cookie belongs to the name that a browser asked for, so that here, unlike where nothing else
    is proved, the page may be of that very name.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("Origin")
    site = request.headers.get(SITE, "same-origin")
    is_here = origin is None or is_own(origin, request) or _host_of(origin) == request.host
    if not is_here or site not in ("same-origin", "none"):
        raise Problem(
            403,
            f"This is not for the pages of other sites; this one is of {(origin or site)[:100]!r}.",
            kind="foreign-origin",
        )


def is_own(origin: str, request: web.Request) -> bool:
    """Whether an origin is surely this server's.

    A name may be made to point here (DNS rebinding), so that `Host` alone proves nothing: only the
    public address of the server, this machine, and the very IP address that was asked are believed.
    """
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
        host in HERE or (_is_address(host) and parts.netloc == request.host)
    )


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    """Whether it is an IP address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
