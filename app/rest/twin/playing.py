"""One twin call: the platform's side of a call to this very server."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from app.keys import OUTWARD, SETTINGS
from app.llm import ChatModel, ModelError, connect
from app.rest.own import calls_of, organisation_of
from app.rest.problems import Problem, invalid
from app.rest.twin.calls import Credentials
from app.rest.twin.models import HeardView, StepBody, TwinBody, TwinCallView
from app.settings import Settings
from app.twin import CallRefused, Entry, Pace, Twin, TwinCall, TwinError

PATIENCE = 30.0


class Playing:
    """A twin call and what its caller still has to do.

    Attributes:
        organisation_id: Whose call it is.
        fault: Why the script went no further; empty while all is well.
    """

    def __init__(
        self, order: TwinBody, request: web.Request, address: str, credentials: Credentials
    ) -> None:
        self.order = order
        self.organisation_id = organisation_of(request)
        self.fault = ""
        self._model = model_of(order.llm, request.app[SETTINGS])
        self._twin = make_twin(order, request, address, credentials, model=self._model)
        self._call: TwinCall | None = None
        self._left = list(order.script)
        self._started = datetime.now(UTC)
        self._turn = asyncio.Lock()
        self._acting: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the application has answered."""
        return self._call is not None

    @property
    def call(self) -> TwinCall:
        """The call, once it has begun."""
        assert self._call is not None, "begin() was not awaited"
        return self._call

    @property
    def call_sid(self) -> str:
        """Its id, which is the one on the wire."""
        return self.call.call_sid

    @property
    def entries(self) -> "Entries":
        """All that happens, from the beginning to the end of the call."""
        return Entries(self.call)

    async def begin(self) -> None:
        """Dial, and set out on the script.

        Raises:
            Problem: 409: the application does not take the call.
        """
        order = self.order
        try:
            self._call = await self._twin.call(
                order.application,
                from_=order.from_,
                to=order.to,
                caller_name=order.caller_name,
                env=order.env or None,
                tag=order.tag or None,
                headers=order.headers or None,
            )
        except CallRefused as refusal:
            text = f"The call did not come about: {refusal.reason}."
            raise Problem(409, text, kind="call-refused", title="Call refused") from None
        self._acting = asyncio.create_task(self._act())

    async def _act(self) -> None:
        """Follow the script, then hang up or wait for the end; never longer than the limit."""
        try:
            async with asyncio.timeout(self.order.limit):
                while self._left:
                    await self.do(self._left[0])
                    del self._left[0]
                if not (self.order.script and self.order.hang_up):
                    await self.call.ended(timeout=self.order.limit + 1)
        except TimeoutError:
            self.fault = f"The call was ended after {self.order.limit:g} s."
        except TwinError as error:
            self.fault = str(error).splitlines()[0]
        if not self.call.is_over:
            await self.call.hangup()

    async def do(self, step: StepBody) -> HeardView:
        """Take one step, and tell what was said to the caller since.

        Raises:
            TwinError: It cannot be taken, or nothing came of it in time.
        """
        if step.interrupt is not None:
            heard = await self.call.interrupt(step.interrupt)
        elif step.hang_up:
            heard = ""
            await self.call.hangup()
        else:
            async with self._turn:
                heard = await self._take_turn(step)
        return HeardView(heard=heard, is_over=self.call.is_over)

    async def take(self, step: StepBody) -> HeardView:
        """The same, for who asks over HTTP.

        Raises:
            Problem: 409.
        """
        try:
            return await self.do(step)
        except TwinError as error:
            text = str(error).splitlines()[0]
            raise Problem(409, f"{text[:1].upper()}{text[1:]}.", kind="twin-step") from None

    async def _take_turn(self, step: StepBody) -> str:
        if step.say is not None:
            return await self.call.say(step.say)
        if step.press is not None:
            return await self.call.dtmf(step.press)
        return await self.call.silence(None if step.silence is True else step.silence)

    def view(self) -> TwinCallView:
        """What is shown of it."""
        return TwinCallView(
            call_sid=self.call_sid,
            application=self.order.application,
            from_=self.order.from_,
            to=self.order.to,
            started_at=self._started,
            steps_left=len(self._left),
        )

    def result(self) -> dict[str, Any]:
        """What came of the call, once it is over."""
        return {
            "reason": self.call.end_reason,
            "fault": self.fault,
            "errors": list(self.call.errors),
            "spoken": list(self.call.spoken),
            "hash": self.call.trace_hash() if self.order.pace == "instant" else None,
        }

    async def close(self) -> None:
        """Hang up and release everything."""
        if self._acting is not None:
            self._acting.cancel()
            await asyncio.wait({self._acting})
        await self._twin.close()
        if self._model is not None:
            await self._model.close()


class Entries(AsyncIterator[tuple[int, Entry]]):
    """The entries of a call with their numbers; to cancel a wait loses nothing."""

    def __init__(self, call: TwinCall) -> None:
        self._log = call.log
        self._next = 0
        self._is_over = False
        self._news = asyncio.Event()
        call.subscribe(lambda _: self._news.set())

    async def __anext__(self) -> tuple[int, Entry]:
        """The next one; ends behind the call's `end`."""
        if self._is_over:
            raise StopAsyncIteration
        while self._next >= len(self._log):
            self._news.clear()
            await self._news.wait()
        entry = self._log[self._next]
        self._next += 1
        self._is_over = entry.kind == "end"
        return self._next, entry


def make_twin(
    order: TwinBody,
    request: web.Request,
    address: str,
    credentials: Credentials,
    *,
    model: ChatModel | None,
) -> Twin:
    """A twin for one call to this server, whose idleness its clock can see."""
    is_natural = order.pace == "natural"
    user, password = credentials or (None, None)
    return Twin(
        address,
        model=model,
        keys=request.app[SETTINGS].llm_keys,
        username=user,
        password=password,
        pace=Pace.natural() if is_natural else Pace(handshake=5.0, patience=PATIENCE),
        clock="real" if is_natural else "virtual",
        seed=order.seed,
        is_idle=calls_of(request).is_at_rest,
        tls=own_tls() if address.startswith("wss:") else None,
        pin=request.app[OUTWARD].pin,
    )


def model_of(spec: str | None, settings: Settings) -> ChatModel | None:
    """The model that was asked for, with the settings' key for it.

    Raises:
        Problem: 422: there is no such model.
    """
    if spec is None:
        return None
    try:
        return connect(spec, keys=settings.llm_keys)
    except ModelError as error:
        raise invalid(f"llm: {error}.", [("llm", str(error))]) from None


def own_tls() -> ssl.SSLContext:
    """For the way to ourselves, where the certificate is for another name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
