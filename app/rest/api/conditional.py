"""Conditional requests: what a client has already is not sent again, nor changed unseen."""

from collections.abc import Mapping
from hashlib import blake2s
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, Field

from app.rest.operation import Reply
from app.rest.problems import HEADERS, Problem

__all__ = [
    "NOT_MODIFIED",
    "Expected",
    "Known",
    "changed_meanwhile",
    "digest",
    "fresh",
    "fresh_text",
    "tagged",
]

NOT_MODIFIED: Final = "The client has it already."
# To be kept by whoever asked, and asked for again each time.
REVALIDATE: Final = {"Cache-Control": "private, no-cache"}
Tags = Annotated[str, Field(max_length=2000)]


class Known(BaseModel):
    """What the client has."""

    if_none_match: Annotated[
        Tags | None,
        Field(alias="if-none-match", description="The `ETag` of an earlier answer, or several."),
    ] = None


class Expected(BaseModel):
    """What the client believes to change."""

    if_match: Annotated[
        Tags | None,
        Field(
            alias="if-match",
            description="The `ETag` of what is changed; 412 where it is another one by now.",
        ),
    ] = None

    def allows(self, tag: str) -> bool:
        """Whether what has this tag may be changed."""
        return self.if_match is None or _names(self.if_match, tag)


def digest(*parts: object) -> str:
    """A tag for what is made of several parts."""
    return blake2s(repr(parts).encode(), digest_size=8).hexdigest()


def tagged(tag: str) -> dict[str, str]:
    """The headers of a representation."""
    return {"ETag": f'"{tag}"', **REVALIDATE}


def fresh(
    known: Known, body: object, tag: str, headers: Mapping[str, str] | None = None
) -> Reply | web.Response:
    """A representation, or that the client has it already."""
    headers = {**tagged(tag), **(headers or {})}
    return _not_modified(headers) if _has(known, tag) else Reply(body, headers)


def fresh_text(
    known: Known, text: str, kind: str, tag: str, headers: Mapping[str, str]
) -> web.Response:
    """The same for a text of a media type."""
    headers = {**tagged(tag), **headers}
    if _has(known, tag):
        return _not_modified(headers)
    return web.Response(
        text=text, content_type=kind, charset="utf-8", headers={**HEADERS, **headers}
    )


def _has(known: Known, tag: str) -> bool:
    return known.if_none_match is not None and _names(known.if_none_match, tag)


def _not_modified(headers: Mapping[str, str]) -> web.Response:
    return web.Response(status=304, headers={**HEADERS, **headers})


def changed_meanwhile(detail: str, tag: str, field: str = "") -> Problem:
    """It is not what the client believes; the answer has the present tag."""
    return Problem(
        412,
        detail,
        kind="changed-meanwhile",
        title="Changed meanwhile",
        headers=tagged(tag),
        errors=[(field, detail)] if field else (),
    )


def _names(header: str, tag: str) -> bool:
    """Whether a list of tags has this one.

    A weak one counts too: ours stands for the state of a thing, not for bytes, and proxies that
    compress an answer weaken the tag on its way.
    """
    listed = {one.strip().removeprefix("W/") for one in header.split(",")}
    return "*" in listed or f'"{tag}"' in listed
