"""Which application a path names."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from app.application import Application

# A dialed leg that becomes a call of its own dials the URL with this appended, again and again.
ADULTING = "/adulting"
Found = tuple[Application[Any, Any], Mapping[str, str]]


class Routes:
    """The paths of all applications: one look-up where a path has no parameters."""

    def __init__(self, applications: Iterable[Application[Any, Any]]) -> None:
        self._exact: dict[str, Found] = {}
        self._patterns: list[tuple[re.Pattern[str], Application[Any, Any]]] = []
        for application in applications:
            pattern = pattern_of(application.path)
            if pattern is None:
                self._exact[application.path] = (application, {})
            else:
                self._patterns.append((pattern, application))

    def find(self, path: str) -> Found | None:
        """The application of a path without a query, and its parameters."""
        found = self._exact.get(path)
        if found is None and self._patterns:
            found = self._match(path)
        while found is None and path.endswith(ADULTING):
            path = path.removesuffix(ADULTING)
            found = self.find(path or "/")
        return found

    def _match(self, path: str) -> Found | None:
        for pattern, application in self._patterns:
            if (match := pattern.fullmatch(path)) is not None:
                return application, match.groupdict()
        return None


def pattern_of(path: str) -> re.Pattern[str] | None:
    """What aiohttp makes of a path with parameters; None of one without."""
    resource = web.UrlDispatcher().add_resource(path)
    return resource.get_info().get("pattern")
