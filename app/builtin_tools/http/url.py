"""A URL with places for arguments, each value escaped for where it stands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

import orjson

from app.outward import Allowed, OutwardError, check_url

PLACE: Final = re.compile(r"\{([A-Za-z_][\w.-]*)\}")
CALL: Final = frozenset({"call.number", "call.from", "call.to", "call.call_sid", "call.direction"})
"""Values of the call, which the model cannot choose."""

ANYWHERE: Final = Allowed.read(["0.0.0.0/0", "::/0"])
"""What may be reached is up to the node that asks."""


class Unfit(ValueError):
    """A value cannot stand where the URL has its place."""


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """A URL, taken apart.

    Attributes:
        origin: Scheme, host and port, which hold no place.
        path: With places, from its first slash on.
        query: Each pair of the query string, with places.
        path_names, names: The places of the path; all places.
    """

    origin: str
    path: str
    query: tuple[str, ...]
    path_names: frozenset[str]
    names: frozenset[str]

    def fill(self, values: Mapping[str, Any], rest: Mapping[str, Any]) -> str:
        """The URL for one call.

        Args:
            values: By the names of the places; what is not there, or None, takes its pair along.
            rest: More pairs for the query string.

        Raises:
            Unfit: A value would change the path.
        """
        path = PLACE.sub(lambda found: in_path(found[1], values.get(found[1])), self.path)
        if any(unquote(segment) in {".", ".."} for segment in path.split("/")):
            raise Unfit("an argument may not be '.' or '..'")
        pairs = [pair for one in self.query if (pair := fill_pair(one, values)) is not None]
        pairs += [f"{quote(name, safe='')}={value}" for name, value in spread(rest)]
        return f"{self.origin}{path}{'?' if pairs else ''}{'&'.join(pairs)}"


def read_url(text: str) -> UrlTemplate:
    """Take a URL apart.

    Raises:
        ValueError: It is none, or has places where none may be.
    """
    found = re.fullmatch(r"(https?://[^/?#]+)(/[^?#]*)?(?:\?([^#]*))?(#.*)?", text, re.IGNORECASE)
    if found is None:
        raise ValueError("expected an address that begins with https:// or http://")
    origin, path, query, fragment = found[1], found[2] or "/", found[3] or "", found[4]
    if fragment:
        raise ValueError("what stands behind # is never sent; leave it out")
    if "{" in origin or "}" in origin:
        raise ValueError("the host is the same in every call; {…} may stand behind it only")
    if re.search(r"[{}]", PLACE.sub("", path + query)) or re.search(r"\s", text):
        raise ValueError("expected {argument} with the name of an argument, and no spaces")
    try:
        check_url(origin + PLACE.sub("x", path), ANYWHERE)
    except OutwardError as error:
        raise ValueError(str(error)) from None
    path_names = frozenset(PLACE.findall(path))
    pairs = tuple(pair for pair in query.split("&") if pair)
    return UrlTemplate(origin, path, pairs, path_names, path_names | set(PLACE.findall(query)))


def in_path(name: str, value: Any) -> str:
    """A value as part of a path: it cannot add a segment, nor leave one empty."""
    text = as_text(value)
    if not text.strip():
        raise Unfit(f"{name} must not be empty")
    return quote(text, safe="")


def fill_pair(pair: str, values: Mapping[str, Any]) -> str | None:
    """A pair of the query string; None where a value that it needs is not given."""
    if any(values.get(name) is None for name in PLACE.findall(pair)):
        return None
    return PLACE.sub(lambda found: quote(as_text(values[found[1]]), safe=""), pair)


def spread(rest: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Arguments as pairs: those of a list one by one."""
    return [
        (name, quote(as_text(one), safe=""))
        for name, value in rest.items()
        if value is not None
        for one in (value if isinstance(value, list) else [value])
    ]


def as_text(value: Any) -> str:
    """A value as it stands in a URL."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()
