"""Who hears whom: the two legs of a dial or a queue, the members of a conference."""

from typing import TYPE_CHECKING, Any

from app.twin.signal import Signal

if TYPE_CHECKING:
    from app.twin.leg import Leg


class Seat:
    """One leg's place at a bridge; what its caller says is carried to the others."""

    def __init__(self, bridge: "Bridge", leg: "Leg", by: str) -> None:
        self.bridge = bridge
        self.leg = leg
        self.by = by
        self.is_muted = False
        self.is_held = False

    @property
    def is_waiting(self) -> bool:
        """Whether the caller may speak, which is always so."""
        return True

    def hear(self, text: str, confidence: float) -> None:
        """Carry what the caller said to those who hear it."""
        self.bridge.carry(self, text)

    def press(self, digits: str) -> None:
        """Carry keys to those who hear them."""
        self.bridge.carry(self, f"[keys: {digits}]")

    def fall_silent(self) -> None:
        """Nobody minds."""

    def barge_in(self, _text: str, _seconds: float | None = None) -> bool:
        """People talk over each other without a barge-in."""
        return False


class Bridge:
    """Legs that hear each other; it is over as soon as one of two has left."""

    def __init__(self) -> None:
        self.seats: list[Seat] = []
        self.is_over = False
        self.signal = Signal()

    def join(self, leg: "Leg", by: str) -> Seat:
        """Seat a leg: from now on it speaks to the others, and hears them."""
        seat = Seat(self, leg, by)
        self.take(seat)
        return seat

    def take(self, seat: Seat) -> None:
        """Give a seat its place."""
        self.seats.append(seat)
        seat.leg.listener = seat
        self.changed()

    def leave(self, seat: Seat) -> None:
        """Give a seat up; harmless when that was done."""
        if seat in self.seats:
            self.seats.remove(seat)
            if seat.leg.listener is seat:
                seat.leg.listener = None
            self.is_over = self.is_over or self.ends_without(seat)
            self.changed()

    def ends_without(self, _seat: Seat) -> bool:
        """Whether it is over now that a seat was left."""
        return len(self.seats) < 2

    async def ended(self) -> None:
        """Wait until it is over."""
        await self.signal.until(lambda: self.is_over)

    def carry(self, speaker: Seat, text: str) -> None:
        """Let those hear it who should."""
        hearers = [seat for seat in self.seats if seat is not speaker and self.hears(seat, speaker)]
        for seat in hearers:
            seat.leg.voice.heard(text, seat.by)
        if not hearers:
            speaker.leg.log.note("nobody hears what was said", **_marks(speaker))

    def hears(self, hearer: Seat, speaker: Seat) -> bool:
        """Whether one seat hears another."""
        return not (speaker.is_muted or speaker.is_held or hearer.is_held)

    def changed(self) -> None:
        """Let those look again who wait, here and on the calls."""
        self.signal.poke()
        for seat in self.seats:
            seat.leg.log.poke()


def _marks(seat: Seat) -> dict[str, Any]:
    return {"is_muted": seat.is_muted, "is_held": seat.is_held}
