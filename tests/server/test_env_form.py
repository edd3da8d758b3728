"""The form of an application's env vars, as the portal asks for it; and the server's own pages."""

from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from pytest_aiohttp import AiohttpClient

from app import Application, EnvVars, Session, say
from app.server import build
from app.settings import Settings


class Env(EnvVars):
    GREETING: str = "Hello"
    """First sentence."""


def web_app(**options: Any) -> web.Application:
    greeter = Application("/greeter/{branch}", **options)

    @greeter.session_new
    async def answer(session: Session) -> Any:
        return say("hi")

    return build(Settings(api_keys=(SecretStr("a-key-that-is-long-enough"),)), [greeter])


FORM = {"GREETING": {"type": "string", "description": "First sentence.", "default": "Hello"}}


@pytest.mark.parametrize(
    ("options", "status", "body"),
    [
        ({"env": Env}, 200, FORM),
        ({"env": Env, "env_body": "wrapped"}, 200, {"env": FORM}),
        ({}, 204, None),
    ],
)
async def test_the_portal_gets_the_form_without_credentials(
    aiohttp_client: AiohttpClient, options: dict[str, Any], status: int, body: object
) -> None:
    client = await aiohttp_client(web_app(**options))
    response = await client.options("/greeter/north", headers={"Accept": "application/json"})

    assert response.status == status
    assert body is None or await response.json() == body


async def test_health_needs_no_key_and_calls_need_one(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(web_app())

    assert (await client.get("/livez")).status == 200
    assert (await client.get("/readyz")).status == 200
    assert (await client.get("/v1/calls")).status == 401
