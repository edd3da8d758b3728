"""What goes wrong for whoever plays with the twin."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.twin.call import TwinCall


class TwinError(Exception):
    """Anything that the twin raises."""


class WaitFailed(TwinError):
    """Something did not happen in time, or cannot happen any more because the call is over."""


class CallRefused(TwinError):
    """The call never began: no connection, no verbs, a refusal, or nobody answered.

    Attributes:
        reason: One line that says why.
        call: The call as far as it came, for its log.
    """

    def __init__(self, reason: str, call: "TwinCall") -> None:
        super().__init__(reason)
        self.reason = reason
        self.call = call
