"""Which application answers on which path; may be exchanged as a whole while calls go on."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from aiohttp import web

from app.application import Application
from app.organisation import DEFAULT_ORGANISATION
from app.server.accept import accept
from app.server.routes import Found, Routes

# A dialed leg that becomes a call of its own dials the URL with this appended, again and again.
ADULTING: Final = "{adulting:(?:/adulting)+}"


class Switchboard(web.PlainResource):
    """The paths of all applications, as one resource of aiohttp's router.

    That router is frozen once the server runs; the table in here is a router of its own, and
    another one can take its place between two requests.

    Attributes:
        applications: Those that new calls get.
    """

    def __init__(self, applications: Sequence[Application[Any, Any]] = ()) -> None:
        super().__init__("/")  # where aiohttp looks last
        self.connect(applications)

    def connect(self, applications: Sequence[Application[Any, Any]]) -> None:
        """From now on new calls get these.

        Raises:
            ValueError: aiohttp does not understand a path; all is as before.
        """
        table = web.UrlDispatcher()
        for application in applications:
            add_routes(table, application)
        self.applications = tuple(applications)
        self._table = table
        self._paths = Routes(applications)
        self._shared_paths = Routes(one for one in applications if one.shared)

    def find(self, path: str, organisation_id: str = DEFAULT_ORGANISATION) -> Found | None:
        """The application that answers an organisation's calls on a path, and its parameters."""
        is_default = organisation_id == DEFAULT_ORGANISATION
        return (self._paths if is_default else self._shared_paths).find(path)

    def answering(self, organisation_id: str) -> tuple[Application[Any, Any], ...]:
        """The applications that answer an organisation's calls."""
        if organisation_id == DEFAULT_ORGANISATION:
            return self.applications
        return tuple(one for one in self.applications if one.shared)

    async def resolve(
        self, request: web.Request
    ) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """The route of a request, or which methods its path has."""
        found = await self._table.resolve(request)
        if isinstance(found.http_exception, web.HTTPMethodNotAllowed):
            return None, found.http_exception.allowed_methods
        return (None if found.http_exception else found), set()


def add_routes(table: web.UrlDispatcher, application: Application[Any, Any]) -> None:
    """The control socket of an application, and the form of its env vars."""
    handler = partial(accept, application=application)
    table.add_get(application.path, handler, allow_head=False)
    table.add_get(application.path.rstrip("/") + ADULTING, handler, allow_head=False)
    table.add_options(application.path, partial(env_form, application=application))


async def env_form(_: web.Request, application: Application[Any, Any]) -> web.Response:
    """What the portal asks for by OPTIONS: the application's env vars, or 204 without any."""
    if not application.portal_body:
        return web.Response(status=204)
    return web.json_response(application.portal_body)
