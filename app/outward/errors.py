"""What goes wrong with a request to the outside."""

from typing import Literal

Kind = Literal["refused", "unreachable", "slow", "large"]


class OutwardError(Exception):
    """A request could not be done; the text says why, and what to change where that helps.

    Attributes:
        kind: ``refused``: it was not sent, or not followed, as it leads where it must not;
            ``unreachable``: no connection, or one that broke; ``slow``: not done in time;
            ``large``: the answer is longer than the limit.
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind
