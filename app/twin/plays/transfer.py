"""The transfer verb, and what an agent's handoff does: call a person, brief, confirm, bridge."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.twin.bridge import Bridge
from app.twin.far_end import Party
from app.twin.hooks import name_of
from app.twin.pending import NoAck
from app.twin.plays.dial import ring, stay, target_of
from app.twin.plays.waiting import ENTERING, BadMusic, Waiting
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg

REASONS: dict[str, tuple[str, str]] = {
    "busy": ("busy", "onBusy"),
    "no-answer": ("no-answer", "onNoAnswer"),
    "declined": ("declined", "onDecline"),
    "failed": ("error", "onFailure"),
}
"""The `transfer_reason` of a failed transfer, and the part of `disposition` that it asks."""

RESULTS = {"return": "returned", "voicemail": "voicemail", "hangup": "failed"}
"""The `transfer_result` of a failed transfer, by its disposition."""


async def transfer(leg: "Leg", verb: Verb) -> None:
    """Transfer the caller and tell how it went."""
    brief = verb.get("brief")
    text = str(brief.get("text", "")) if isinstance(brief, Mapping) else ""
    await hand_over(leg, verb, brief=text)


async def hand_over(leg: "Leg", options: Verb, *, brief: str) -> dict[str, Any]:
    """Transfer the caller, tell the action hook how it went, and return that.

    Args:
        leg: The caller.
        options: The transfer verb, or an agent's `handoff` with a verb's name.
        brief: What the person is told before the caller is.
    """
    before, attempt = leg.listener, Transfer(leg, options, brief)
    try:
        result = await attempt.run()
    except asyncio.CancelledError:
        if leg.is_over:
            leg.hooks.last(options, attempt.abandoned)
        raise
    finally:
        leg.listener = before
    await leg.hooks.action(options, result)
    if result["transfer_result"] == "failed":
        leg.finish("the transfer failed, and its disposition is to hang up")
    return result


class Transfer:
    """One transfer under way."""

    def __init__(self, leg: "Leg", options: Mapping[str, Any], brief: str) -> None:
        self._leg = leg
        self._options = options
        self._brief = brief
        self._is_bridged = False
        self._child: Leg | None = None

    @property
    def abandoned(self) -> dict[str, Any]:
        """The result where the caller hangs up in the midst of it."""
        if self._is_bridged:
            return self._ended("bridged", "completed")
        return self._ended("failed", "caller-abandoned")

    async def run(self) -> dict[str, Any]:
        """Try it; return the result's fields."""
        leg, options = self._leg, self._options
        party = leg.far_end.next()
        target = target_of(options)
        leg.log.note(f"{options.get('mode')} transfer: {party.does}", target=options.get("target"))
        if options.get("mode") == "blind" and options.get("blindMethod", "refer") == "refer":
            return await self._refer(party, target)
        info = leg.info.child(target)
        if options.get("callerId"):
            info = replace(info, from_=str(options["callerId"]))
        self._child = leg.dial_out(info)
        try:
            return await self._dial(self._child, party)
        finally:
            leg.child = None
            self._child.finish("the transfer is over")

    async def _refer(self, party: Party, target: str) -> dict[str, Any]:
        """Send the caller's own side to the target; who is called is no leg of jambonz."""
        self._leg.log.note("REFER", refer_to=target)
        await self._leg.sleep(3)
        if party.picks_up:
            return self._ended("bridged", "completed", 200)
        return await self._dispose(party.does)

    async def _dial(self, child: "Leg", party: Party) -> dict[str, Any]:
        music = None
        if self._options.get("mode") == "warm" and not self._options.get("callerPresent"):
            music = asyncio.ensure_future(self._park())
        try:
            await ring(child, party)
            if child.info.call_status != "in-progress":
                return await self._dispose(party.does)
            if self._options.get("amd") and party.who == "machine":
                return await self._dispose("no-answer")
            if not await self._is_taken(child, party):
                return await self._dispose("declined")
        finally:
            if music:
                music.cancel()
                await asyncio.gather(music, return_exceptions=True)
        await self._talk(child, party)
        return self._ended("bridged", "completed", 200)

    async def _park(self) -> None:
        """Let the caller hear what the hold hook gives."""
        hook = self._options.get("onHoldHook")
        try:
            await Waiting(self._leg, ENTERING).play(hook, self._leg.info.common)
        except (BadMusic, NoAck, BadInstruction) as failure:
            self._leg.log.note(f"no hold music: {failure}", hook=name_of(hook))

    async def _is_taken(self, child: "Leg", party: Party) -> bool:
        """Brief the person, and ask for a key where `confirm` wants one."""
        if self._options.get("mode") != "warm":
            return True
        if self._brief and not self._options.get("callerPresent"):
            await child.voice.say(self._brief, "brief")
        confirm = self._options.get("confirm")
        if isinstance(confirm, Mapping):
            await child.voice.say(str(confirm.get("prompt", "")), "confirm")
            return party.does == "answer" or await _confirms(child, str(confirm.get("digit", "")))
        return True

    async def _talk(self, child: "Leg", party: Party) -> None:
        self._is_bridged = True
        by = str(self._options["verb"])
        bridge = Bridge()
        mine, theirs = bridge.join(self._leg, by), bridge.join(child, by)
        self._leg.log.note("bridged", call_sid=child.info.call_sid, to=child.info.to)
        if self._brief and self._options.get("callerPresent"):
            for seat in bridge.seats:
                await seat.leg.voice.say(self._brief, "brief")
        child.spawn(stay(child, party))
        try:
            await child.log.happens(lambda: child.is_over)
        finally:
            bridge.leave(mine)
            bridge.leave(theirs)

    async def _dispose(self, outcome: str) -> dict[str, Any]:
        """Do with the caller what the disposition says."""
        reason, when = REASONS[outcome]
        disposition = self._options.get("disposition") or {}
        then = disposition.get(when, "return")
        if then == "voicemail" and disposition.get("voicemailUrl"):
            self._leg.voice.play(str(disposition["voicemailUrl"]))
            await self._leg.sleep(3)
        return self._ended(RESULTS[then], reason)

    def _ended(self, result: str, reason: str, sip_status: int | None = None) -> dict[str, Any]:
        told: dict[str, Any] = {"transfer_result": result, "transfer_reason": reason}
        if self._child:
            told["dial_call_sid"] = self._child.info.call_sid
            told["sip_status"] = self._child.info.sip_status
        elif sip_status:
            told["sip_status"] = sip_status
        return told


async def _confirms(child: "Leg", digit: str) -> bool:
    """Wait for a key; whether it is the right one."""
    asked = child.listener = _Asked()
    child.log.poke()
    await child.log.happens(lambda: asked.key is not None or child.is_over)
    child.listener = None
    return asked.key == digit and not child.is_over


class _Asked:
    """A person who is asked for a key."""

    def __init__(self) -> None:
        self.key: str | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether no key came yet."""
        return self.key is None

    def hear(self, text: str, confidence: float) -> None:
        """Words are no answer."""

    def press(self, digits: str) -> None:
        """Take the first key."""
        self.key = digits[:1]

    def fall_silent(self) -> None:
        """No key is a refusal."""
        self.key = ""

    def barge_in(self, _text: str, _seconds: float | None = None) -> bool:
        """Nothing is being said."""
        return False
