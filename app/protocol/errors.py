"""What can go wrong, and whose fault it is.

CordboardError
├── LocalError                 the author of a handler, or Cordboard, made a mistake
│   ├── ConfigurationError     an application cannot start as written
│   ├── BadUpdate              a mid-call update of the wrong shape
│   ├── FrameTooLarge          jambonz would close the socket with 1009
│   ├── AlreadyAnswered        a second answer to one message or one tool call
│   ├── UnknownMessage         an answer to something that never came
│   └── NotOpen                nothing can be sent before session:new or after the end
└── RemoteError                jambonz sent what the protocol does not allow
    └── MalformedMessage       not JSON, not an object, or without a type

A remote error is logged and the call goes on. A local error is raised at whoever called.
"""

from collections.abc import Mapping


class CordboardError(Exception):
    """Anything that Cordboard raises on purpose."""


class LocalError(CordboardError):
    """Our side is wrong: the application, or Cordboard itself."""


class ConfigurationError(LocalError):
    """An application cannot start as it is written; the text names the fix."""


class BadUpdate(LocalError):
    """A mid-call update has the wrong shape; ``field`` is the path of the wrong part."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class FrameTooLarge(LocalError):
    """A frame is over the limit at which jambonz closes the socket with 1009.

    Attributes:
        size: Bytes of the frame.
        limit: Bytes that the platform accepts.
        parts: Path of each large part and its bytes, the largest first.
    """

    def __init__(self, size: int, limit: int, parts: Mapping[str, int]) -> None:
        named = ", ".join(f"{path} ({length:,} bytes)" for path, length in parts.items())
        super().__init__(
            f"frame of {size:,} bytes is over the limit of {limit:,}; large: {named}. "
            "Shorten it, send it in parts with inject_context, or raise CORDBOARD_MAX_FRAME "
            "together with JAMBONES_WS_MAX_PAYLOAD on the platform."
        )
        self.size = size
        self.limit = limit
        self.parts = dict(parts)


class AlreadyAnswered(LocalError):
    """A message or a tool call is answered once; the second answer is refused."""


class UnknownMessage(LocalError):
    """An answer to a message or a tool call that never came."""


class NotOpen(LocalError):
    """Nothing is sent before the call's first message or after its end."""


class RemoteError(CordboardError):
    """The far end broke the protocol."""


class MalformedMessage(RemoteError):
    """A frame that is no message; ``content`` is its beginning, for the log."""

    def __init__(self, reason: str, content: str) -> None:
        super().__init__(reason)
        self.content = content
