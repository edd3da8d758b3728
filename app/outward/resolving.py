"""Finding the addresses of names, in threads of its own: others' name servers may be slow."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from app.outward.addresses import FIX, Allowed
from app.outward.errors import OutwardError

THREADS: Final = 32


class SystemResolver(AbstractResolver):
    """Asks the system."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of a name.

        Raises:
            OSError: It has none.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="outward")
        ask = partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Let the threads go; the next question makes new ones."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)


class GuardedResolver(AbstractResolver):
    """Finds the addresses of a name, and gives them only if all may be connected to."""

    def __init__(self, inner: AbstractResolver, allowed: Allowed) -> None:
        self._inner, self._allowed = inner, allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses; the connection is made to one of them, and to nothing else."""
        found = await self._inner.resolve(host, port, family)
        if not all(self._allowed.permits(host, one["host"]) for one in found):
            raise OutwardError("refused", f"{host} leads to an address that is not public; {FIX}")
        return found

    async def close(self) -> None:
        """Let the inner one go."""
        await self._inner.close()
