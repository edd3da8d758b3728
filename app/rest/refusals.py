"""What a call refuses, as problem documents that name the field."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Final

from app.protocol import BadUpdate, FrameTooLarge, LocalError, NotOpen
from app.rest.models import ReceiptView
from app.rest.operation import Answer
from app.rest.problems import Problem, invalid, no_such_call
from app.session import CallEnded, CallMoving, CallNotFound, NoAgent, Receipt
from app.verbs import VerbError
from app.verbs.errors import show_path

__all__ = ["COMMANDING", "NO_CALL", "SENT", "STEERING", "no_call", "refusals", "sent"]

SENT: Final = {202: Answer("Sent to jambonz, or queued while its socket is lost.", ReceiptView)}
NO_CALL: Final = {404: "No such call."}
STEERING: Final = NO_CALL | {
    409: "The call runs no agent, or is over.",
    413: "The body is too large, or the frame is for jambonz; `detail` names the large part.",
}
COMMANDING: Final = NO_CALL | {409: "The call is over."}


async def sent(sending: Awaitable[Receipt]) -> ReceiptView:
    """The receipt of what is being sent."""
    return ReceiptView.model_validate(await sending)


@contextmanager
def refusals(field: str = "") -> Iterator[None]:
    """Turn what a call refuses into problems; ``field`` is where it stands in the body."""
    try:
        yield
    except CallNotFound as error:
        raise no_such_call(_sentence(error)) from None
    except NoAgent as error:
        raise Problem(409, _sentence(error), kind="no-agent", title="No agent") from None
    except CallMoving as error:
        raise _moving(error) from None
    except (CallEnded, NotOpen) as error:
        raise Problem(409, _sentence(error), kind="call-ended", title="Call is over") from None
    except FrameTooLarge as error:
        raise _too_large(error) from None
    except BadUpdate as error:
        inner = "" if field and error.field == "agent_update" else error.field  # the update itself
        path = ".".join(filter(None, (field, inner)))
        raise invalid(_sentence(error), [(path, error.message)]) from None
    except VerbError as error:
        raise invalid(_sentence(error), list(_fields(error, field))) from None
    except LocalError as error:
        raise invalid(_sentence(error), [(field, str(error))] if field else ()) from None


def no_call(call_sid: str) -> Problem:
    """There is no live call of that id."""
    return no_such_call(f"There is no live call {call_sid!r}.")


def _moving(error: CallMoving) -> Problem:
    headers = {"Retry-After": "1"}
    return Problem(503, _sentence(error), kind="call-moving", title="Moving", headers=headers)


def _fields(error: VerbError, field: str) -> Iterator[tuple[str, str]]:
    inside = error.root.removeprefix("verbs") if error.root.startswith("verbs[") else ""
    for found in error.problems:
        option = (found.option,) if found.option else ()
        yield show_path(field + inside, (*found.path, *option)).removeprefix("."), found.text


def _too_large(error: FrameTooLarge) -> Problem:
    parts = [(path, f"takes {size:,} bytes") for path, size in error.parts.items()]
    kind, title = "frame-too-large", "Frame is too large for jambonz"
    return Problem(413, _sentence(error), kind=kind, title=title, errors=parts)


def _sentence(error: Exception) -> str:
    """The text of an error; what begins with a path or a name stays as it is spelled."""
    text = str(error)
    is_named = text.partition(" ")[0].endswith(":")
    end = "" if text.endswith((".", "?")) else "."
    return f"{text[:1] if is_named else text[:1].upper()}{text[1:]}{end}"
