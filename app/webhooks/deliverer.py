"""Deliverer: sends what is due, off the way of any call."""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from app.logs import Event
from app.outward import Outward, OutwardError
from app.store import Store, StoreUnavailable, now
from app.store.deliveries import Outgoing
from app.store.outbox import Due, forget_deliveries, take_due
from app.vault import Vault, VaultError
from app.webhooks.retries import next_attempt
from app.webhooks.signing import SIGNATURE, sign

__all__ = ["Deliverer"]

AT_ONCE: Final = 16
"""Deliveries at a time, to all webhooks together."""
LOOK_EVERY: Final = 1.0
TIMEOUT: Final = 10.0
LARGEST_ANSWER: Final = 1024 * 1024
LEASE: Final = timedelta(seconds=60)
KEPT: Final = timedelta(days=30)
TIDY_EVERY: Final = 3600.0

log = structlog.get_logger("cordboard.webhooks")


class Deliverer:
    """Sends what is due; one for each node, and none takes what another has taken.

    Args:
        store: Where deliveries wait, so that a restart loses none.
        outward: Sends them, guarded against private addresses.
        vault: Opens the secrets that sign them.
        look_every: Seconds between two looks, where nothing wakes it.
    """

    def __init__(
        self, store: Store, outward: Outward, vault: Vault, *, look_every: float = LOOK_EVERY
    ) -> None:
        self._store = store
        self._outward = outward
        self._vault = vault
        self._look_every = look_every
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._tidied = 0.0
        self._is_stopping = self._is_away = False

    def wake(self) -> None:
        """Look at once: there is something to send."""
        self._woken.set()

    def stop(self) -> None:
        """Let `run` come to its end; what is on its way then is sent once more later."""
        self._is_stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Send what is due, until stopped."""
        while not self._is_stopping:
            self._woken.clear()
            try:
                await self._begin_due()
                await self._tidy()
                self._is_away = False
            except StoreUnavailable as error:
                if not self._is_away:  # said once, until it is back
                    log.warning(Event.WEBHOOKS_WAIT, reason=str(error))
                self._is_away = True
            except Exception:
                log.exception(Event.WEBHOOKS_WAIT)
            if not self._is_stopping:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_every):
                        await self._woken.wait()
        for task in self._sending:  # those that speak with the store end by themselves
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin_due(self) -> None:
        room = AT_ONCE - len(self._tasks)
        if room <= 0:
            return
        for due in await take_due(self._store, most=room, busy=[*self._busy], lease=LEASE):
            self._busy[due.webhook_id] += 1
            task = asyncio.create_task(self._deliver(due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, due: Due) -> None:
        try:
            await self._try_once(due)
        except StoreUnavailable as error:
            log.warning(Event.WEBHOOKS_WAIT, reason=str(error))
        except Exception:
            log.exception(Event.WEBHOOK_BROKEN, webhook_id=due.webhook_id, delivery_id=due.id)
        finally:
            self._busy[due.webhook_id] -= 1
            self._busy += Counter()  # without those that have nothing left to do
            self._woken.set()

    async def _try_once(self, due: Due) -> None:
        deliveries = self._store.tenant(due.organisation_id).deliveries
        outgoing = await deliveries.outgoing(due.id)
        if outgoing is None or self._is_stopping:  # its webhook was removed meanwhile, or we go
            return
        answered, error = await self._send_until_stopped(outgoing)
        attempts = outgoing.attempts + 1
        following = (
            next_attempt(attempts, until=outgoing.until, moment=now())
            if error and outgoing.webhook.is_active
            else None
        )
        await deliveries.settle(due.id, answered=answered, error=error, next_at=following)
        if error and following is None:
            log.warning(
                Event.WEBHOOK_FAILED,
                organisation_id=due.organisation_id,
                webhook_id=due.webhook_id,
                delivery_id=due.id,
                attempts=attempts,
                status=answered,
            )

    async def _send_until_stopped(self, outgoing: Outgoing) -> tuple[int | None, str | None]:
        task = asyncio.current_task()
        assert task is not None
        self._sending.add(task)
        try:
            return await self._send(outgoing)
        finally:
            self._sending.discard(task)

    async def _send(self, outgoing: Outgoing) -> tuple[int | None, str | None]:
        """The status that came back, if one did, and why it was in vain, if it was."""
        if not outgoing.webhook.is_active:
            return None, "the webhook is switched off"
        body = outgoing.body.encode()
        try:
            reply = await self._outward.request(
                "POST",
                outgoing.webhook.url,
                headers=self._headers(outgoing, body),
                body=body,
                within=TIMEOUT,
                limit=LARGEST_ANSWER,
            )
        except (OutwardError, VaultError) as error:
            return None, str(error)
        return reply.status, None if reply.is_fine else f"answered with status {reply.status}"

    def _headers(self, outgoing: Outgoing, body: bytes) -> dict[str, str]:
        moment = now()
        keys = [
            self._vault.open(secret.sealed)
            for secret in outgoing.webhook.secrets
            if secret.until is None or secret.until > moment
        ]
        return {
            "Content-Type": "application/json",
            "Cordboard-Event": outgoing.event,
            "Cordboard-Event-Id": outgoing.event_id,
            SIGNATURE: sign(body, int(moment.timestamp()), keys),
        }

    async def _tidy(self) -> None:
        """Forget, now and then, what was finished long ago."""
        if time.monotonic() - self._tidied >= TIDY_EVERY or not self._tidied:
            self._tidied = time.monotonic()
            await forget_deliveries(self._store, now() - KEPT)
