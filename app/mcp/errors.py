"""What goes wrong with a server, in one line."""

from collections.abc import Iterator

SHOWN = 300


class McpError(Exception):
    """A server cannot be reached, was lost, or did not answer; the text says which and why.

    Attributes:
        is_unsent: Whether a call that failed so has certainly not begun.
    """

    def __init__(self, message: str, *, is_unsent: bool = False) -> None:
        super().__init__(message)
        self.is_unsent = is_unsent


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group of groups; the SDK raises those where anything fails."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def reason_of(error: BaseException) -> str:
    """Why something failed, in one line without the SDK's wrapping."""
    found = [one for one in leaves(error) if type(one).__name__ != "CancelledError"]
    cause = found[0] if found else error
    text = " ".join(str(cause).split())[:SHOWN]
    match type(cause).__name__:
        case "ConnectError" | "ConnectTimeout" | "ConnectionRefusedError":
            return f"no connection ({text or 'refused'})"
        case "HTTPStatusError":
            return f"it answered HTTP {getattr(cause, 'response').status_code}"  # noqa: B009
        case "FileNotFoundError" | "PermissionError":
            return f"the command cannot be run ({text})"
        case "MCPError":
            return text
        case name:
            return f"{name}: {text}" if text else name
