"""Connections that can be cut by another thread, in whatever state they are.

A thread inside `converse_stream` waits for bytes and hears of nothing else. To free it, its socket
is shut down; botocore shows that socket only once headers came, and only through private
attributes, so its connections note by themselves which turn uses them.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

if TYPE_CHECKING:
    from botocore.client import BaseClient

_current = threading.local()
_lock = threading.Lock()


class TurnStopped(Exception):
    """The turn was stopped before its request was sent."""


class Turn:
    """One request on its way through a thread.

    Attributes:
        is_stopped: True once `stop` was called.
    """

    def __init__(self) -> None:
        self.is_stopped = False
        self._connection: _Cuttable | None = None

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Let the calling thread work for this turn.

        Raises:
            TurnStopped: If nobody wants it any more.
        """
        if self.is_stopped:
            raise TurnStopped
        _current.turn = self
        try:
            yield
        finally:
            _current.turn = None
            with _lock:
                self._connection = None

    def stop(self) -> None:
        """Cut the turn's connection, if it has one yet; safe from every thread, never blocks."""
        with _lock:
            self.is_stopped = True
            connection, self._connection = self._connection, None
            if connection is not None and connection.turn is self:
                connection.cut()

    def use(self, connection: "_Cuttable") -> None:
        """Note the connection; the one before it, if any, went back to the pool.

        Raises:
            TurnStopped: If the turn was stopped while it was being connected.
        """
        with _lock:
            if self.is_stopped:
                raise TurnStopped
            connection.turn = self
            self._connection = connection


class _Cuttable:
    """Mixed into botocore's connections: notes the turn of the thread that uses it.

    A connection that went back to the pool may serve another turn when its former one is stopped,
    so that it is the connection which knows whose it is.
    """

    sock: socket.socket | None
    turn: Turn | None = None

    def connect(self) -> None:
        """Connect, and tell the turn."""
        super().connect()  # type: ignore[misc]
        self._tell()

    def send(self, data: Any) -> None:
        """Tell the turn, and send."""
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
        turn: Turn | None = getattr(_current, "turn", None)
        if turn is not None:
            turn.use(self)


class _Plain(_Cuttable, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _Secure(_Cuttable, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _PlainPool(AWSHTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(AWSHTTPSConnectionPool):
    ConnectionCls = _Secure


def make_cuttable(client: "BaseClient") -> None:
    """Let the client's connections be ours, before it makes the first one."""
    pools = client._endpoint.http_session._pool_classes_by_scheme  # type: ignore[attr-defined]
    pools.update(http=_PlainPool, https=_SecurePool)
