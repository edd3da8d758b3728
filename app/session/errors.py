"""Why something cannot be done with a call."""

from app.protocol import LocalError


class NoAgent(LocalError):
    """The call runs no agent, so there is nothing to update."""

    def __init__(self, call_sid: str) -> None:
        super().__init__(f"call {call_sid} runs no agent; it did not start one, or it has ended")


class CallEnded(LocalError):
    """The call is over."""

    def __init__(self, call_sid: str) -> None:
        super().__init__(f"call {call_sid} is over")


class CallNotFound(LocalError):
    """No live call has this call_sid."""

    def __init__(self, call_sid: str) -> None:
        super().__init__(f"no live call {call_sid!r:.80}")


class CallMoving(LocalError):
    """The call is on its way to another node, or from there: ask again in a moment."""

    def __init__(self, call_sid: str) -> None:
        super().__init__(f"call {call_sid} is moving to another node; try again in a moment")


class CheckpointRefused(LocalError):
    """What was kept of a call cannot be gone on from."""
