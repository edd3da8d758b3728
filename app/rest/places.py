"""Where operations are found: a word in a path is no value of a parameter."""

import re
from collections.abc import Iterable

__all__ = ["place"]


def place(route: str, routes: Iterable[str]) -> str:
    """A route as aiohttp takes it.

    Where ``/agents/import`` is a route, ``/agents/{agent_id}`` does not match it, so that a method
    which is not possible there is answered as such, and not by the other's rules.

    Args:
        route: Of an operation.
        routes: Those of all operations.
    """
    above, _, last = route.rpartition("/")
    if not last.startswith("{"):
        return route
    beside = {one.rpartition("/")[2] for one in routes if one.rpartition("/")[0] == above}
    words = "|".join(re.escape(word) for word in sorted(beside) if not word.startswith("{"))
    return f"{above}/{last[:-1]}:(?!(?:{words})$)[^/]+}}" if words else route
