"""Which addresses may be connected to."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, Self

from yarl import URL

from app.outward.errors import OutwardError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA: Final = frozenset(
    ipaddress.ip_address(one)
    for one in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "192.0.0.192",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)
"""Where clouds tell a machine its credentials: only a network that names them allows them."""
# What `is_global` of some versions of Python takes for public: the agent of the host in Azure,
# assignments of protocols (with a cloud's metadata among them), documentation, segment routing.
NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(one)
    for one in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16")
)
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
COMPATIBLE: Final = ipaddress.ip_network("::/96")

HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# As browsers tell a number from a name: by the last label.
ENDS_IN_A_NUMBER: Final = re.compile(r"(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$", re.IGNORECASE)
FIX: Final = "use a public address, or list the host or its network in CORDBOARD_ALLOW_PRIVATE"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be reached although it is private.

    Attributes:
        networks: Every address in them.
        hosts: Names, whatever they resolve to, but for the metadata services of clouds.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def read(cls, entries: Iterable[str]) -> Self:
        """From networks, addresses and names of hosts.

        Raises:
            ValueError: An entry is none of them.
        """
        networks: list[Network] = []
        hosts: set[str] = set()
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                name = entry.strip().lower().rstrip(".")
                if not HOST.fullmatch(name) or ENDS_IN_A_NUMBER.search(name):
                    raise ValueError(
                        f"expected a network such as 10.0.0.0/8 or the name of a host, came "
                        f"{entry!r:.80}"
                    ) from None
                hosts.add(name)
        return cls(tuple(networks), frozenset(hosts))

    def permits(self, host: str, address: str) -> bool:
        """Whether ``host`` may be connected to at ``address``, which it stands for."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False  # no plain address: whoever connects would resolve it once more
        every = tuple(meanings(found))
        if all(any(one in network for network in self.networks) for one in every):
            return True
        if any(one in METADATA for one in every):
            return False
        return host.lower().rstrip(".") in self.hosts or all(is_public(one) for one in every)


def meanings(address: Address) -> Iterator[Address]:
    """The addresses that one may lead to: itself, or the IPv4 address that is packed into it."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    if address in NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in COMPATIBLE and int(address) > 0xFFFF:
        yield IPv4Address(int(address))


def is_public(address: Address) -> bool:
    """Whether an address is one of the open Internet."""
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not (isinstance(address, IPv6Address) and (address.scope_id or address.is_site_local))
        and not any(address in network for network in NOT_PUBLIC)
    )


def check_url(url: str, allowed: Allowed | None = None) -> URL:
    """The address of a request, looked at as far as it can be without resolving it.

    Raises:
        OutwardError: It is none that may be asked; the text says why.
    """
    try:
        parsed = URL(url)
        host, port = parsed.host, parsed.port
    except ValueError:
        raise OutwardError("refused", f"{show(url)} is no address of the web") from None
    if parsed.scheme not in {"http", "https"} or not host:
        raise refused(url, "expected an address that begins with https:// or http://")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise refused(url, "it holds a user name or password; send them in a header instead")
    if port not in {80, 443} and not 1024 <= (port or 0) <= 65535:
        raise refused(url, f"port {port} is for no web server; use 80, 443 or one from 1024 on")
    check_host(url, host, allowed or Allowed())
    return parsed


def is_number(host: str) -> bool:
    """Whether a host is an address in its usual form, and no name."""
    return ":" in host or re.fullmatch(r"(?:\d{1,3}\.){3}\d{1,3}", host) is not None


def check_host(url: str, host: str, allowed: Allowed) -> None:
    """Refuse an address written in numbers that may not be reached."""
    if is_number(host):
        if not allowed.permits(host, host):
            raise refused(url, f"{host} is no public address; {FIX}")
    elif ENDS_IN_A_NUMBER.search(host):
        raise refused(url, "write the address as four decimal numbers, or as a name")


def refused(url: str, why: str) -> OutwardError:
    """The error for an address."""
    return OutwardError("refused", f"{show(url)}: {why}")


def show(url: str) -> str:
    """An address as an error may name it: nothing of what may be secret or personal."""
    shown = re.sub(r"//[^/@]*@", "//", url.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0])
    return repr(shown if len(shown) <= 120 else shown[:119] + "…")
