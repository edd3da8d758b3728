"""Connections that can be cut by another thread, in whatever state they are.

A thread inside `converse_stream` waits for bytes and hears of nothing else. To free it, its socket
is shut down; botocore shows that socket only once headers came, and only through private
attributes, so its connections tell by themselves which turn uses them.
"""

import contextlib
import socket
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from app.llm.bedrock.turn import Turn, current_turn


class _Cuttable:
    """Mixed into botocore's connections: tells the turn of the thread that uses it."""

    sock: socket.socket | None
    turn: Turn | None = None

    def connect(self) -> None:
        """Connect, and tell."""
        super().connect()  # type: ignore[misc]
        self._tell()

    def send(self, data: Any) -> None:
        """Tell, and send; a reused connection does not connect."""
        if self.sock is not None:
            self._tell()
        super().send(data)  # type: ignore[misc]

    def cut(self) -> None:
        """Shut the socket down, so that whoever waits for it gets an end."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                # An SSLSocket's own `shutdown` forgets its TLS state, which the thread still uses.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _tell(self) -> None:
        if (turn := current_turn()) is not None:
            turn.use(self)


class _Plain(_Cuttable, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _Secure(_Cuttable, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _PlainPool(AWSHTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(AWSHTTPSConnectionPool):
    ConnectionCls = _Secure


def make_cuttable(client: Any) -> None:
    """Let the client's connections be ours, before it makes the first one."""
    pools = client._endpoint.http_session._pool_classes_by_scheme
    pools.update(http=_PlainPool, https=_SecurePool)
