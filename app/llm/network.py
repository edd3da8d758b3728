"""A switch that keeps tests from talking to a real vendor."""

import ipaddress
from urllib.parse import urlsplit

from app.llm.port import ModelError

_state = {"forbidden": False}


def forbid_real_requests(*, forbidden: bool = True) -> None:
    """From now on let no request leave this machine, or let them again."""
    _state["forbidden"] = forbidden


def check_url(url: str, vendor: str = "") -> None:
    """Refuse a URL that leaves this machine while that is forbidden.

    Raises:
        ModelError: Of kind "bad_request".
    """
    if not _state["forbidden"]:
        return
    host = urlsplit(url).hostname or ""
    if not is_loopback(host):
        text = f"real requests are forbidden here, and {host!r} is not this machine"
        raise ModelError(text, kind="bad_request", vendor=vendor)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, told without looking it up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
