"""What is upgraded to a control socket, and what anybody else is told."""

import base64
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any, Literal

import pytest
from aiohttp import hdrs

from app import Application, EnvVars, Session, say
from app.keys import DRAINING
from tests.server.conftest import Logbook, Server, Start, agent_application, answering
from tests.server.jambonz import SUBPROTOCOL, RawSocket


def upgrade_headers(**changed: str) -> dict[str, str]:
    headers = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        "Sec-WebSocket-Protocol": SUBPROTOCOL,
    }  # fmt: skip
    headers.update({name.replace("_", "-"): value for name, value in changed.items()})
    return {name: value for name, value in headers.items() if value}


async def ask(server: Server, path: str = "/call", **changed: str) -> tuple[int, str, Any]:
    """Try to upgrade; status, content type and body of the answer."""
    async with server.client.get(server.url(path), headers=upgrade_headers(**changed)) as answer:
        return answer.status, answer.content_type, await answer.json()


async def test_an_unknown_path_is_told_so(start: Start) -> None:
    status, kind, body = await ask(await start(), "/no-such-application")

    assert (status, kind) == (404, "application/problem+json")
    assert "/no-such-application" in body["detail"]


@pytest.mark.parametrize("offered", ["", "audio.jambonz.org", "ws.jambonz.organ"])
async def test_another_subprotocol_is_refused(start: Start, logbook: Logbook, offered: str) -> None:
    server = await start(agent_application())
    status, _, body = await ask(server, Sec_WebSocket_Protocol=offered)

    assert status == 400
    assert SUBPROTOCOL in body["detail"]
    assert (await logbook.line("upgrade_refused"))["reason"] == "subprotocol"


async def test_the_subprotocol_is_found_among_others(start: Start) -> None:
    server = await start(agent_application())
    async with RawSocket(server.host, server.port) as client:
        head = await client.upgrade(
            "/call", Sec_WebSocket_Protocol=f"audio.jambonz.org,{SUBPROTOCOL}"
        )

    assert head.startswith("HTTP/1.1 101 ")
    assert f"Sec-WebSocket-Protocol: {SUBPROTOCOL}" in head
    assert "permessage-deflate" not in head


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic é",
        "Bearer dXNlcjpwYXNz",
        "Basic " + base64.b64encode(b"jambonz:wrong").decode(),
        "Basic " + base64.b64encode(b"jambonz").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
    ],
)
async def test_wrong_credentials_are_refused(start: Start, logbook: Logbook, given: str) -> None:
    server = await start(agent_application())
    secured = await start(agent_application(), ws_user="jambonz", ws_password="open sesame")
    status, _, body = await ask(secured, Authorization=given)

    assert status == 401
    assert "CORDBOARD_WS_USER" in body["detail"]
    assert (await logbook.line("upgrade_refused"))["reason"] == "credentials"
    await server.call()


async def test_right_credentials_open_the_socket(start: Start) -> None:
    server = await start(agent_application(), ws_user="jambonz", ws_password="öffne dich")
    async with RawSocket(server.host, server.port) as client:
        encoded = base64.b64encode("jambonz:öffne dich".encode()).decode()
        head = await client.upgrade("/call", Authorization=f"basic {encoded}")

    assert head.startswith("HTTP/1.1 101 ")


async def test_a_browser_on_an_application_is_told_what_it_is(start: Start) -> None:
    server = await start(agent_application())
    async with server.client.get(server.url("/call")) as answer:
        body = await answer.json()

    assert (answer.status, answer.content_type) == (426, "application/problem+json")
    assert answer.headers[hdrs.UPGRADE] == "websocket"
    assert "jambonz portal" in body["detail"]


@pytest.mark.parametrize(
    "changed",
    [
        {"Sec_WebSocket_Version": "12"},
        {"Sec_WebSocket_Version": ""},
        {"Sec_WebSocket_Key": ""},
        {"Sec_WebSocket_Key": "short"},
    ],
)
async def test_a_broken_handshake_is_a_bad_request(start: Start, changed: dict[str, str]) -> None:
    status, kind, _ = await ask(await start(agent_application()), **changed)

    assert (status, kind) == (400, "application/problem+json")


async def test_another_method_is_not_allowed(start: Start) -> None:
    server = await start(agent_application())
    async with server.client.post(server.url("/call"), json={}) as answer:
        assert answer.status == 405
        assert "GET" in answer.headers[hdrs.ALLOW]


async def test_options_answers_the_form_of_the_env_vars(start: Start) -> None:
    class Env(EnvVars):
        MODEL: Literal["small", "large"] = "small"
        """Which model."""
        TOKEN: str

    plain = Application("/plain", env=Env)
    wrapped = Application("/wrapped", env=Env, env_body="wrapped")
    server = await start(plain, wrapped, agent_application("/none"))
    bodies = {}
    for path in ("/plain", "/wrapped", "/none"):
        async with server.client.options(server.url(path)) as answer:
            bodies[path] = (answer.status, await answer.text() and await answer.json())

    form = {
        "MODEL": {
            "type": "string",
            "description": "Which model.",
            "default": "small",
            "enum": ["small", "large"],
        },
        "TOKEN": {"type": "string", "description": "Token", "required": True},
    }
    assert bodies == {"/plain": (200, form), "/wrapped": (200, {"env": form}), "/none": (204, "")}


async def test_a_node_that_drains_refuses_upgrades(start: Start) -> None:
    server = await start(agent_application())
    server.web_app[DRAINING].set()
    status, _, body = await ask(server)

    assert status == 503
    assert "shutting down" in body["detail"]


async def test_parameters_of_the_path_reach_the_handler(start: Start) -> None:
    clinic: Application[Any, Any] = Application("/clinic/{branch}/{room}")

    @clinic.session_new
    async def answer(session: Session) -> Any:
        return say(repr(dict(session.path_params)))

    server = await start(clinic)
    call = await server.dial("/clinic/north%20side/7?tenant=9")

    assert (await call.open())["data"][0]["text"] == "{'branch': 'north side', 'room': '7'}"


@pytest.mark.parametrize("suffix", ["/adulting", "/adulting/adulting"])
async def test_a_leg_that_became_a_call_dials_with_a_suffix(start: Start, suffix: str) -> None:
    clinic: Application[Any, Any] = Application("/clinic/{branch}")
    clinic.session_new(lambda session: say("new"))

    @clinic.session_adulting
    async def take_over(session: Session, event: object) -> Any:
        return say(f"adult of {session.path_params['branch']}")

    server = await start(clinic)
    call = await server.dial(f"/clinic/north{suffix}")
    ack = await call.open("session:adulting")
    (command,) = await call.commands("redirect")

    assert "data" not in ack, "jambonz ignores verbs in this ack"
    assert command["data"] == [{"verb": "say", "text": "adult of north"}]
    assert command["callSid"] == call.call_sid


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [
        *(openssl, "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt"),
        *("ec_paramgen_curve:prime256v1", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


async def test_a_call_over_tls_is_answered(start: Start, certificate: tuple[Path, Path]) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    server = await start(
        answering(lambda: say("hello")),
        tls=trusting,
        tls_certificate=certificate[0],
        tls_key=certificate[1],
    )
    call = await server.dial()

    assert server.url("").startswith("https://")
    assert (await call.open())["data"] == [{"verb": "say", "text": "hello"}]
