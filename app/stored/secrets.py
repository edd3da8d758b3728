"""Secrets inside an agent's JSON: sealed where it is stored, hidden where it is read back.

A hidden secret may be sent back as it was read: it stands for the one that is kept, as long as it
would still be sent to the same place.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from pydantic_core import InitErrorDetails

from app.stored.faults import fault, refuse_all
from app.verbs.errors import Path
from app.verbs.explain import is_secret
from app.verbs.names import fold

__all__ = ["HIDDEN", "Seal", "hide", "seal", "unseal"]

HIDDEN: Final = "***"
SEALED: Final = "$sealed"
DESTINATIONS: Final = frozenset({"url", "baseurl", "endpoint", "host", "apiurl"})
"""Options that say where a secret goes; they are no secrets themselves."""

Change = Callable[[Any, Path], Any]


class Seal(Protocol):
    """What seals and opens a text, as :class:`app.vault.Vault` does."""

    def seal(self, text: str) -> str:
        """The text, sealed."""

    def open(self, sealed: str) -> str:
        """The text that was sealed."""


def hide(data: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON with ``***`` for each secret, sealed or not."""
    hidden: dict[str, Any] = _walk(data, lambda _value, _path: HIDDEN)
    return hidden


def unseal(data: Mapping[str, Any], vault: Seal) -> dict[str, Any]:
    """The JSON with its secrets, for a call.

    Raises:
        VaultError: One of them was sealed with a key that is not there any more.
    """

    def open_(value: Any, _path: Path) -> Any:
        return vault.open(value[SEALED]) if is_sealed(value) else value

    opened: dict[str, Any] = _walk(data, open_)
    return opened


def seal(
    data: Mapping[str, Any], vault: Seal, former: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON as it is stored.

    Args:
        data: With secrets as texts; ``***`` stands for one that is kept.
        vault: Seals them.
        former: What was stored before.

    Raises:
        ValidationError: A secret that should be kept is not there, or would go somewhere else.
    """
    faults: list[InitErrorDetails] = []

    def seal_(value: Any, path: Path) -> Any:
        if not isinstance(value, str):  # only we seal, and only in the store
            faults.append(fault(path, "expected a text; got what stands for a sealed secret"))
            return None
        if value != HIDDEN:
            return {SEALED: vault.seal(value)}
        kept = find_kept(data, former, path)
        if kept is None:
            text = f"{HIDDEN} stands for a secret that is kept, and there is none; give the secret"
            faults.append(fault(path, text))
        return kept

    sealed: dict[str, Any] = _walk(data, seal_)
    refuse_all(faults)
    return sealed


def is_sealed(value: Any) -> bool:
    """Whether this is a sealed secret."""
    return isinstance(value, Mapping) and value.keys() == {SEALED}


def find_kept(data: Any, former: Any, path: Path) -> Any:
    """The sealed secret that stood at this place; None where none did, or it would go elsewhere."""
    for step in path:
        if isinstance(data, Mapping) and isinstance(former, Mapping):
            is_holder = any(is_hidden_below(key, path) for key in data)
            if is_holder and destinations(data) != destinations(former):
                return None
            data, former = data.get(step), former.get(step)
        elif isinstance(data, list) and isinstance(former, list) and isinstance(step, int):
            data = data[step]
            wanted = destinations(data)
            former = next((one for one in former if destinations(one) == wanted), None)
        else:
            return None
    return former if is_sealed(former) else None


def is_hidden_below(key: object, path: Path) -> bool:
    """Whether what stands below a name is secret."""
    return is_secret(str(key)) or (key == "headers" and path[:1] == ("mcp_servers",))


def destinations(value: Any) -> list[tuple[str, str]]:
    """Where the secrets of an object would go."""
    return sorted(_destinations(value))


def _destinations(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if fold(str(key)) in DESTINATIONS and isinstance(inner, str):
                yield fold(str(key)), inner
            else:
                yield from _destinations(inner)


def _walk(value: Any, change: Change, path: Path = (), *, inside: bool = False) -> Any:
    """A copy of JSON in which every secret text, or what it was sealed to, is changed."""
    if inside and (isinstance(value, str) or is_sealed(value)):
        return change(value, path)
    if isinstance(value, Mapping):
        return {
            key: inner
            if fold(str(key)) in DESTINATIONS
            else _walk(
                inner,
                change,
                (*path, key),
                inside=inside or is_hidden_below(key, path),
            )
            for key, inner in value.items()
        }
    if isinstance(value, list):
        steps = enumerate(value)
        return [_walk(one, change, (*path, step), inside=inside) for step, one in steps]
    return value
