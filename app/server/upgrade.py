"""The opening handshake of a WebSocket, without I/O: the head of a request in, the answer out.

Only a plain upgrade is read here, as jambonz sends it. Whatever is written differently, or is to be
refused, is left to aiohttp, which knows all of HTTP and answers with an error that explains.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
HEAD = re.compile(
    rb"GET (/[!-~]*) HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)+)\r\n"
)
HEADER = re.compile(rb"([^:\r\n]+):[ \t]*([^\r\n]*?)[ \t]*\r\n")
# A body would have to be read before the socket could be used.
WITH_BODY = (b"content-length", b"transfer-encoding", b"expect")


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A request for a WebSocket.

    Attributes:
        path: As it came, without the query.
        authorization: The header, or empty.
        protocols: The subprotocols that are offered.
        key: What the answer has to sign.
    """

    path: str
    authorization: str
    protocols: tuple[str, ...]
    key: bytes

    def accept(self, protocol: str) -> bytes:
        """The answer that opens the socket."""
        digest = base64.b64encode(hashlib.sha1(self.key + GUID, usedforsecurity=False).digest())
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\nSec-WebSocket-Protocol: %b\r\n\r\n"
        ) % (digest, protocol.encode())


def read_upgrade(data: bytes) -> tuple[Upgrade, int] | None:
    """A plain upgrade at the start of ``data`` and the bytes it takes; None for anything else."""
    head = HEAD.match(data)
    if head is None or b"%" in head[1]:
        return None
    headers: dict[bytes, bytes] = {}
    for written, value in HEADER.findall(head[2]):
        name = written.lower()
        if name in headers or name in WITH_BODY:
            return None
        headers[name] = value
    key = headers.get(b"sec-websocket-key", b"")
    if not (is_upgrade(headers) and is_key(key)):
        return None
    offered = headers.get(b"sec-websocket-protocol", b"").decode()
    upgrade = Upgrade(
        path=head[1].partition(b"?")[0].decode(),
        authorization=headers.get(b"authorization", b"").decode(),
        protocols=tuple(one.strip() for one in offered.split(",")),
        key=key,
    )
    return upgrade, head.end()


def is_upgrade(headers: dict[bytes, bytes]) -> bool:
    """Whether the headers ask for a WebSocket of the one version that there is."""
    return (
        b"host" in headers
        and headers.get(b"upgrade", b"").lower() == b"websocket"
        and b"upgrade" in headers.get(b"connection", b"").lower()
        and headers.get(b"sec-websocket-version") == b"13"
    )


def is_key(key: bytes) -> bool:
    """Whether it is 16 bytes in base64."""
    try:
        return len(binascii.a2b_base64(key, strict_mode=True)) == 16
    except binascii.Error:
        return False
