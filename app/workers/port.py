"""The port that all workers share."""

import socket
from contextlib import closing

from app.settings import Settings, SettingsError

__all__ = ["reserve"]


def reserve(settings: Settings) -> socket.socket:
    """A socket that keeps the port of the settings for workers, also while none of them listens.

    It does not listen itself. Its own port is the one to use, where the settings leave it open.

    Raises:
        SettingsError: This system cannot share a port between processes.
    """
    if not hasattr(socket, "SO_REUSEPORT") or not hasattr(socket, "AF_UNIX"):
        raise SettingsError(
            "--workers: this system cannot share a port between processes; start one server for "
            "each port instead"
        )
    found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    with closing(socket.socket(found[0], socket.SOCK_STREAM)) as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(found[4][:2])
        return kept.dup()
