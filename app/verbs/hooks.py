"""How a verb refers to a hook: a function, a name that the application answers, or a URL."""

import types
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from app.hook import Hook
from app.verbs.errors import Problem, VerbError, refuse
from app.verbs.explain import Expect, show
from app.verbs.part import Free, Of, Part

WORDS = "an @action_hook function, a name such as '/menu-done', or {url, method, …}"
# These only notify: what a hook answers to them is not used.
NOTIFYING = (
    *("event_hook", "status_hook", "dtmf_hook"),
    *("partial_result_hook", "transcription_hook", "translation_hook"),
)


class Auth(Part):
    """User name and password."""

    username: str
    password: str


class HookTarget(Part):
    """A hook as an object; over HTTP it may need a method and credentials.

    Attributes:
        username: Read by jambonz 0.9.8 and later.
        password: Read by jambonz 0.9.8 and later.
        basic_auth: Where the published schema has the credentials.
    """

    url: str
    method: Literal["GET", "POST"] | None = None
    username: str | None = None
    password: str | None = None
    basic_auth: Of[Auth] | None = None


def check_hook(value: Any, info: ValidationInfo) -> Any:
    """Refuse functions that are not hooks, and hooks that nothing would call."""
    option = info.field_name or ""
    if isinstance(value, Hook):
        if value.kind == "event" and not option.endswith(NOTIFYING):
            raise refuse(
                f"{value.name} is an event hook, which nothing calls here; "
                "decorate it with @action_hook"
            )
        return value
    if isinstance(value, types.FunctionType | types.MethodType):
        kind = "event_hook" if option == "event_hook" else "action_hook"
        raise refuse(f"{show(value)} is a plain function; decorate it with @{kind}")
    if isinstance(value, str) and not value.strip():
        raise refuse(f"expected {WORDS}; got {value!r}")
    return value


def check_texts(auth: dict[str, Any]) -> dict[str, Any]:
    """Refuse a key or an address that is no text; the other keys are the vendor's affair."""
    for key in ("apiKey", "apiUri"):
        if key in auth and not isinstance(auth[key], str):
            raise VerbError("", [Problem(f"expected text; got {show(auth[key], (key,))}", (key,))])
    return auth


# Credentials by the vendor's names.
TextAuth = Annotated[Free, AfterValidator(check_texts)]

if TYPE_CHECKING:
    HookRef: TypeAlias = Hook[..., Any] | str | HookTarget | dict[str, Any]
    HookName: TypeAlias = Hook[..., Any] | str
else:
    HookRef = Annotated[Hook | str | HookTarget, BeforeValidator(check_hook), Expect(WORDS)]
    HookName = Annotated[
        Hook | str,
        BeforeValidator(check_hook),
        Expect("an @action_hook function or a name such as '/transcript'"),
    ]
