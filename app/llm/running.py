"""A vendor's model at work: one task reads, the consumer may leave at any moment."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from app.llm.adapter import Adapter, Outlet
from app.llm.clients import shelf
from app.llm.names import as_meant, with_plain_names
from app.llm.network import check_url
from app.llm.port import ChatRequest, End, Event, ModelError
from app.llm.target import Target
from app.llm.vendor import ModelFacts

PATIENCE = 1.0
"""Seconds that a vendor may ask to wait before a second try; a caller is on the line."""

Answer = TypeVar("Answer")

_readers: set[asyncio.Task[None]] = set()
_renewing: dict[object, asyncio.Task[None]] = {}


def reading() -> int:
    """How many requests are under way, those included whose consumer has left."""
    return len(_readers)


class VendorModel:
    """A `ChatModel` over an adapter."""

    def __init__(self, target: Target, adapter: Adapter) -> None:
        self.target = target
        self._adapter = adapter
        self._key = key_of(target, adapter)

    @property
    def id(self) -> str:
        """Vendor and model."""
        return self.target.id

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """Yield the reply; leave at any moment, and what is behind it is released."""
        events: asyncio.Queue[Event] = asyncio.Queue()
        plain, meant = with_plain_names(self.target.complete(request))
        reader = _spawn(self._read(plain, events.put_nowait))
        try:
            while True:
                event = await events.get()
                yield as_meant(event, meant)
                if isinstance(event, End):
                    return
        finally:
            if not reader.done():
                reader.cancel()
                self._renew()

    async def prewarm(self) -> None:
        """Import the SDK and open a connection, so that the first turn need not."""
        await self._warm(None)

    async def list_models(self) -> list[ModelFacts]:
        """What the credential may use.

        Raises:
            ModelError: If the vendor does not tell.
        """
        return await self._ask(self._adapter.list_models)

    async def test_credential(self) -> None:
        """Return if the credential is good.

        Raises:
            ModelError: If it is not, or the vendor cannot be asked.
        """
        await self._ask(self._adapter.test_credential)

    async def close(self) -> None:
        """Nothing: clients are shared, and closed by `close_clients`."""

    async def _warm(self, client: Any) -> None:
        try:
            check_url(self._adapter.url, self.target.vendor.id)
            async with asyncio.timeout(self.target.timeout):
                await self._adapter.warm(client or await self._client())
        except Exception:  # the first request will tell
            return

    def _renew(self) -> None:
        """After a barge-in: its connection is gone, so open one while the caller speaks."""
        key = self._key
        if key not in _renewing and (client := shelf().peek(key)) is not None:
            _renewing[key] = asyncio.get_running_loop().create_task(self._warm(client))
            _renewing[key].add_done_callback(lambda _: _renewing.pop(key, None))

    async def _ask(self, question: Callable[[Any], Coroutine[Any, Any, Answer]]) -> Answer:
        try:
            check_url(self._adapter.url, self.target.vendor.id)
            client = await self._client()  # an import may take longer than a vendor may
            async with asyncio.timeout(self.target.timeout):
                return await question(client)
        except Exception as raised:
            raise self._explain(raised) from None

    async def _client(self) -> Any:
        adapter = self._adapter
        return await shelf().obtain(self._key, adapter.make_client, adapter.close_client)

    async def _read(self, request: ChatRequest, put: Callable[[Event], None]) -> None:
        outlet = Outlet(put)
        try:
            end = await self._tries(request, outlet)
        except Exception as error:  # whatever an SDK raises ends this reply and nothing else
            end = End("error", error=self._explain(error))
        put(replace(end, timings=outlet.timings(), diagnostics=outlet.diagnostics))

    async def _tries(self, request: ChatRequest, outlet: Outlet) -> End:
        check_url(self._adapter.url, self.target.vendor.id)
        client = await self._client()
        for retries_left in range(self.target.max_retries, -1, -1):
            try:
                return await self._adapter.read(client, request, outlet)
            except Exception as raised:
                error = self._explain(raised)
                if outlet.has_begun or not retries_left or not _is_worth_it(error):
                    raise error from None
                await asyncio.sleep(error.retry_after or 0)
        raise AssertionError("unreachable")

    def _explain(self, error: Exception) -> ModelError:
        known = error if isinstance(error, ModelError) else self._adapter.explain(error)
        known.args = (self.target.auth.redact(str(known)),)
        known.vendor = known.vendor or self.target.vendor.id
        return known


def key_of(target: Target, adapter: Adapter) -> object:
    """What a client is kept by: whatever it was made for."""
    vendor = target.vendor
    return (vendor.family, vendor.id, target.auth.fingerprint, adapter.url, target.timeout)


def _is_worth_it(error: ModelError) -> bool:
    """Whether a second try may succeed while the caller waits; a timeout has cost too much."""
    if not error.retryable or error.kind in ("timeout", "truncated"):
        return False
    if error.kind == "rate_limit":
        return error.retry_after is not None and error.retry_after <= PATIENCE
    return (error.retry_after or 0) <= PATIENCE


def _spawn(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    task = asyncio.get_running_loop().create_task(work)
    _readers.add(task)  # the loop itself keeps no task alive
    task.add_done_callback(_readers.discard)
    return task
