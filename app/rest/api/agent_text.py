"""An agent as a file: Markdown whose text is the prompt, and whose front matter is the rest."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app import front_matter
from app.front_matter import Document, FrontMatterError
from app.identity.words import Id
from app.rest.api.agent_models import VersionNumber
from app.rest.api.changes import find_differences
from app.rest.operation import misfit
from app.rest.problems import Problem, invalid
from app.stored import AgentData
from app.stored.secrets import hide

__all__ = [
    "About",
    "AgentFile",
    "file_name",
    "read_agent",
    "show_unsaved",
    "telling_lines",
    "write_agent",
]

PROMPT: Final = "prompt"
ANOTHER: Final = "*** (a new one)"
_DATA: Final = TypeAdapter(AgentData)


class About(BaseModel):
    """What a file says about the agent beside what it is."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: Id | None = None
    version: VersionNumber | None = None


_ABOUT: Final = TypeAdapter(About)


@dataclass(frozen=True, slots=True)
class AgentFile:
    """An agent that was read from a file.

    Attributes:
        data: What it is.
        about: Which one it is, and of which version the file was made.
        document: The file.
    """

    data: AgentData
    about: About
    document: Document


def write_agent(data: Mapping[str, Any], *, id_: str | None, version: int | None) -> str:
    """The text of a file; what is empty is not written, since that is how it is without.

    Args:
        data: As `AgentData.to_json` gives it, without secrets.
        id_: Which agent it is.
        version: Which version of it.
    """
    about = {"id": id_, "version": version}
    fields = {name: _compact(name, value) for name, value in {**about, **data}.items()}
    front = {
        name: value
        for name, value in fields.items()
        if name != PROMPT and value is not None and value not in ([], {})
    }
    return front_matter.write(front, str(data[PROMPT]))


def _compact(name: str, value: Any) -> Any:
    """A value without what is null in it; an `agent_config` stays as it came."""
    if name == "agent_config":
        return value
    if isinstance(value, Mapping):
        inner = {key: _compact(key, one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one is not None}
    if isinstance(value, list):
        return [_compact("", one) for one in value]
    return value


def read_agent(text: str) -> AgentFile:
    """Read a file.

    Raises:
        Problem: 422, which names each field that is wrong, and its line.
    """
    try:
        document = front_matter.read(text)
    except FrontMatterError as error:
        raise invalid(f"The file cannot be read: {error}.", [("body", str(error))]) from None
    with telling_lines(document):
        if PROMPT in document.fields:
            text = "is the text below the front matter; move it there"
            raise invalid(f"{PROMPT} {text}.", [(PROMPT, text)])
        about = {
            name: document.fields[name] for name in About.model_fields if name in document.fields
        }
        rest = {name: value for name, value in document.fields.items() if name not in about}
        try:
            told = _ABOUT.validate_python(about)
            data = _DATA.validate_python({**rest, PROMPT: document.body})
        except ValidationError as error:
            raise misfit("file", error, _DATA) from None
    return AgentFile(data, told, document)


@contextmanager
def telling_lines(document: Document) -> Iterator[None]:
    """Tell the lines of the fields that are wrong."""
    try:
        yield
    except Problem as problem:
        errors = [(one.field, one.message) for one in problem.document.errors or ()]
        if not errors or problem.document.status != 422:
            raise
        told = [(field, _with_line(document, field, message)) for field, message in errors]
        shown = "; ".join(f"{field}: {message}" for field, message in told[:3])
        raise invalid(f"The file is not as expected: {shown}.", told) from None


def _with_line(document: Document, field: str, message: str) -> str:
    line = document.line_of(field)
    return message if line is None else f"line {line}: {message}"


def show_unsaved(data: AgentData) -> dict[str, Any]:
    """What a file says, without secrets; a new one is told apart from one that is kept."""
    given = data.to_json()
    shown = hide(given)
    for *way, last in find_differences(given, shown):
        inner: Any = shown
        for step in way:
            inner = inner[step]
        inner[last] = ANOTHER
    return shown


def file_name(name: str) -> str:
    """What the file of an agent of this name is called."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return f"{slug or 'agent'}.md"
