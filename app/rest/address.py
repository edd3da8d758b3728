"""Where a request comes from."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import web

from app.keys import PASS

__all__ = ["Network", "client_address", "group_of", "is_local"]

FORWARDED: Final = ("X-Forwarded-For", "Forwarded")

Network = IPv4Network | IPv6Network


def client_address(request: web.Request, proxies: Iterable[Network] = ()) -> str:
    """The address of the client: the peer, or what trusted proxies say about theirs."""
    address, trusted = request.remote or "", tuple(proxies)
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if not _is_in(address, trusted) or _parse(hop) is None:
            break
        address = hop
    return address


def is_local(request: web.Request) -> bool:
    """Whether the request comes from this machine, and not by way of a proxy on it.

    Of one that another node has sent on, that node has looked.
    """
    if PASS in request:
        return request[PASS].is_local
    if any(name in request.headers for name in FORWARDED):
        return False
    address = _parse(request.remote or "")
    return address is not None and address.is_loopback


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(
        parsed.version == network.version and parsed in network for network in networks
    )


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def group_of(address: str) -> str:
    """What is slowed together: one IPv4 address, or an IPv6 network that one person holds."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return address[:64]
