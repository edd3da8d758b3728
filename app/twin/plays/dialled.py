"""What the people of a connected dial do besides talking: keys, hold, a transfer of their own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin.bridge import Bridge, Seat
from app.twin.pending import NoAck
from app.twin.plays.waiting import ENTERING, BadMusic, ask_music, perform_until_leave
from app.twin.splitting import refer
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg


class DialSeat(Seat):
    """One side of a dial; its keys may be captured, and it may put the other on hold."""

    def __init__(self, bridge: Bridge, leg: "Leg", verb: Verb) -> None:
        super().__init__(bridge, leg, str(verb["verb"]))
        captures = verb.get("dtmfCapture") or {}
        if isinstance(captures, dict):
            captures = captures.get("childCall" if leg.parent else "parentCall") or []
        self._patterns = list(captures)
        self._verb = verb
        self._pressed = ""

    def press(self, digits: str) -> None:
        """Carry keys, and tell the patterns among them to the hook."""
        super().press(digits)
        hook = self._verb.get("dtmfHook")
        for digit in digits if hook else "":
            self._pressed += digit
            if found := [one for one in self._patterns if self._pressed.endswith(one)]:
                self._pressed = ""
                self.leg.hooks.notify(hook, self.leg.info.common() | {"dtmf": found[0]})

    def hold(self, *, is_held: bool) -> None:
        """Put the other side on hold, with the music of the hold hook, or take it back."""
        for other in self.bridge.seats:
            if other is not self:
                other.is_held = is_held
                if is_held and self._verb.get("onHoldHook"):
                    self.leg.spawn_work(self._play_music(other.leg, self._verb["onHoldHook"]))
        self.bridge.changed()

    def refer(self, to: str) -> None:
        """Ask for a transfer of the other side to somebody else; the refer hook decides."""
        leg = self.leg
        referred = next(seat.leg for seat in self.bridge.seats if seat is not self)
        details = {
            "sip_refer_to": f"<sip:{to}@sip.example.org>",
            "sip_referred_by": f"<sip:{leg.info.to}@sip.example.org>",
            "sip_user_agent": "carrier",
            "refer_to_user": to,
            "referred_by_user": leg.info.to,
            "referring_call_sid": leg.info.call_sid,
            "referred_call_sid": referred.info.call_sid,
        }
        if hook := self._verb.get("referHook"):
            leg.spawn_work(self._refer(referred, hook, details))
        else:
            leg.log.note("REFER is refused: there is no referHook", refer_to=to)

    async def _refer(self, referred: "Leg", hook: Any, details: Mapping[str, str]) -> None:
        data = self.leg.info.common() | {"refer_details": details}
        try:
            verbs = await self.leg.hooks.ask_verbs(hook, data)
        except (NoAck, BadInstruction) as failure:
            self.leg.log.note(f"the REFER has no effect: {failure}")
            return
        if verbs:
            refer(referred, verbs)

    async def _play_music(self, other: "Leg", hook: Any) -> None:
        detail: Mapping[str, str] = {"from": self.leg.info.from_, "to": self.leg.info.to}
        data = self.leg.info.common() | {"hold_detail": detail}
        try:
            verbs = await ask_music(other, hook, data, ENTERING)
        except (BadMusic, NoAck, BadInstruction) as failure:
            other.log.note(f"no hold music: {failure}")
            return
        await perform_until_leave(other, verbs)
