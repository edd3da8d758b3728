"""Which web pages may speak to the MCP edge: those of this server alone."""

from aiohttp import web

from app.rest import Problem, is_own

__all__ = ["check_origin"]


def check_origin(request: web.Request) -> None:
    """Refuse requests that a browser makes for the page of another site.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not is_own(origin, request):
        raise Problem(
            403,
            f"MCP is not for the pages of other sites; this one is of {origin[:100]!r}.",
            kind="foreign-origin",
        )
