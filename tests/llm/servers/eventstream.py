"""The binary frames of `application/vnd.amazon.eventstream`, as AWS writes them.

A frame is a prelude (its length, the length of its headers, their checksum), the headers, the
payload, and a checksum of all that.
"""

import json
import struct
from binascii import crc32
from collections.abc import Mapping

_STRING = 7
"""The type of a header whose value is text; Bedrock sends no other."""


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame with its two checksums."""
    written = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", 16 + len(written) + len(payload), len(written))
    checked = prelude + struct.pack("!I", crc32(prelude)) + written + payload
    return checked + struct.pack("!I", crc32(checked))


def event(kind: str, payload: Mapping[str, object]) -> bytes:
    """An event of a stream, such as "contentBlockDelta"."""
    return frame(
        {
            ":event-type": kind,
            ":content-type": "application/json",
            ":message-type": "event",
        },
        json.dumps(payload, ensure_ascii=False).encode(),
    )


def exception(kind: str, message: str) -> bytes:
    """An exception in the middle of a stream, such as "throttlingException"."""
    return frame(
        {
            ":exception-type": kind,
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        json.dumps({"message": message}).encode(),
    )


def _header(name: str, value: str) -> bytes:
    text = value.encode()
    return (
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", _STRING, len(text)) + text
    )
