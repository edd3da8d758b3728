"""The client, against a real server on loopback."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from app.outward import Outward, OutwardError
from tests.web_peer import Peer, peer


class Names(AbstractResolver):
    """A name service of the test: each look-up gives the next list of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.count = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.count += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0
            )
            for one in found
        ]

    async def close(self) -> None:
        """There is nothing to let go."""


@pytest.fixture
async def there() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


@pytest.fixture
async def outward() -> AsyncIterator[Outward]:
    one = Outward(["127.0.0.1", "crm.test"])
    yield one
    await one.close()


async def refusal(outward: Outward, url: str, **options: object) -> OutwardError:
    with pytest.raises(OutwardError) as caught:
        await outward.get(url, **options)  # type: ignore[arg-type]
    return caught.value


async def test_an_answer_has_status_body_and_kind(outward: Outward, there: Peer) -> None:
    url = there.on("/x", '{"a": 1}', content_type="application/json", charset="utf-8", status=201)

    reply = await outward.request("post", f"{url}?q=a%20b", headers={"X-Key": "k"}, body=b"hello")

    assert (reply.status, reply.text, reply.is_fine) == (201, '{"a": 1}', True)
    assert reply.content_type == "application/json"
    [asked] = there.asked
    assert (asked.method, asked.target, asked.body) == ("POST", "/x?q=a%20b", "hello")
    assert (asked.headers["X-Key"], asked.headers["User-Agent"]) == ("k", "cordboard")


async def test_what_is_private_is_not_asked(there: Peer) -> None:
    outward = Outward()
    there.on("/", "secret of the house")

    for url in (there.url, f"http://localhost:{there.port}/", f"http://[::1]:{there.port}/"):
        error = await refusal(outward, url)
        assert error.kind == "refused"
        assert "CORDBOARD_ALLOW_PRIVATE" in str(error)
    await outward.close()
    assert there.asked == []


async def test_a_name_is_refused_where_one_of_its_addresses_is_private(there: Peer) -> None:
    outward = Outward(resolver=Names(["93.184.216.34", "127.0.0.1"]))

    error = await refusal(outward, f"http://crm.example.com:{there.port}/")

    assert error.kind == "refused"
    assert "127.0.0.1" not in str(error), "who asks must not learn the names of our net"
    assert there.asked == []
    await outward.close()


async def test_a_name_that_changes_its_address_cannot_slip_through(there: Peer) -> None:
    """First public, then loopback: what was looked at is what is connected to."""
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    guarded = Outward(resolver=names)

    await refusal(guarded, "http://crm.example.com:9/", within=0.05)
    await refusal(guarded, f"http://crm.example.com:{there.port}/", within=0.05)
    await refusal(guarded, f"http://crm.example.com:{there.port}/", within=0.05)

    assert there.asked == []
    await guarded.close()


async def test_the_name_is_resolved_once_for_a_connection(there: Peer) -> None:
    names = Names(["127.0.0.1"])
    outward = Outward(["crm.test"], resolver=names)
    there.on("/", "hello")

    assert (await outward.get(f"http://crm.test:{there.port}/")).text == "hello"

    assert names.count == 1
    assert there.asked[0].headers["Host"] == f"crm.test:{there.port}"
    await outward.close()


async def test_a_redirect_is_refused_unless_it_is_wanted(outward: Outward, there: Peer) -> None:
    url = there.redirect("/old", "/new")
    there.on("/new", "moved here")

    error = await refusal(outward, url)
    assert (error.kind, "use the address that it leads to" in str(error)) == ("refused", True)
    reply = await outward.get(url, redirects=1)
    assert (reply.text, reply.url) == ("moved here", f"{there.url}/new")


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.2:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433:{port}/secret",
        "http://[::ffff:127.0.0.2]:{port}/secret",
        "//0/secret",
        "file:///etc/passwd",
        "http://user:word@127.0.0.1:{port}/secret",
    ],
)
async def test_a_redirect_leads_nowhere_that_may_not_be_asked(
    outward: Outward, there: Peer, to: str
) -> None:
    url = there.redirect("/old", to.format(port=there.port))

    error = await refusal(outward, url, redirects=5)

    assert error.kind == "refused"
    assert [asked.target for asked in there.asked] == ["/old"]


async def test_redirects_are_counted(outward: Outward, there: Peer) -> None:
    url = there.redirect("/round", "/round")

    error = await refusal(outward, url, redirects=3)

    assert error.kind == "refused"
    assert len(there.asked) == 4


async def test_what_changes_something_is_not_sent_on(outward: Outward, there: Peer) -> None:
    url = there.redirect("/old", "/new", status=307)

    with pytest.raises(OutwardError, match="it redirects"):
        await outward.request("POST", url, body=b"order", redirects=5)

    assert [asked.target for asked in there.asked] == ["/old"]


async def test_headers_stay_at_the_host_that_they_are_for(outward: Outward, there: Peer) -> None:
    url = there.redirect("/old", f"http://crm.test:{there.port}/new")
    there.on("/new", "moved")
    names = Outward(["127.0.0.1", "crm.test"], resolver=Names(["127.0.0.1"]))

    await names.get(url, headers={"X-Key": "secret"}, redirects=1)

    assert [asked.headers.get("X-Key") for asked in there.asked] == ["secret", None]
    await names.close()


async def test_a_body_has_a_limit(outward: Outward, there: Peer) -> None:
    url = there.on("/", "x" * 1001)

    assert (await refusal(outward, url, limit=1000)).kind == "large"
    assert len((await outward.get(url, limit=1001)).body) == 1001


async def test_so_has_one_that_grows_when_it_is_unpacked(outward: Outward, there: Peer) -> None:
    packed = gzip.compress(bytes(50_000_000))
    url = there.on("/", packed, headers={"Content-Encoding": "gzip"})

    error = await refusal(outward, url, limit=100_000)

    assert error.kind == "large"
    assert len(packed) < 100_000


async def test_a_packed_answer_is_unpacked(outward: Outward, there: Peer) -> None:
    packed = gzip.compress("grüße".encode())
    url = there.on("/", packed, headers={"Content-Encoding": "gzip"})

    assert (await outward.get(url)).text == "grüße"


async def test_one_that_never_answers_is_left(outward: Outward, there: Peer) -> None:
    error = await refusal(outward, there.stall("/"), within=0.1)

    assert error.kind == "slow"
    assert "within 0.1 s" in str(error)


async def test_one_that_drips_is_left_too(outward: Outward, there: Peer) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.01)

    error = await refusal(outward, there.on("/", drip), within=0.2)

    assert error.kind == "slow"


async def test_one_that_is_not_there_is_named_with_the_reason(outward: Outward) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    error = await refusal(outward, f"http://127.0.0.1:{port}/x?token=secret")

    assert error.kind == "unreachable"
    assert "connection refused" in str(error)
    assert "secret" not in str(error)


async def test_one_that_breaks_off_is_named_with_the_reason(outward: Outward, there: Peer) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return response

    error = await refusal(outward, there.on("/", break_off))

    assert error.kind == "unreachable"
    assert "broke off" in str(error)


async def test_one_that_speaks_no_http_is_named_with_the_reason(outward: Outward) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await refusal(outward, f"http://127.0.0.1:{port}/")

    assert error.kind == "unreachable"


@pytest.mark.parametrize(
    "headers",
    [{"X-A": "a\r\nX-B: b"}, {"X\nA": "a"}, {"Host": "other"}, {"content-length": "3"}, {"": "a"}],
)
async def test_a_header_cannot_become_two(
    outward: Outward, there: Peer, headers: dict[str, str]
) -> None:
    error = await refusal(outward, there.url, headers=headers)

    assert error.kind == "refused"
    assert there.asked == []


async def test_cookies_are_not_kept_and_no_proxy_is_asked(
    outward: Outward, there: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = there.on("/", "", headers={"Set-Cookie": "session=1"})
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    await outward.get(url)
    await outward.get(url)

    assert [asked.headers.get("Cookie") for asked in there.asked] == [None, None]


async def test_it_can_be_used_again_after_it_was_closed(outward: Outward, there: Peer) -> None:
    url = there.on("/", "hello")
    await outward.get(url)
    await outward.close()

    assert (await outward.get(url)).text == "hello"


async def test_an_address_for_another_client_is_looked_at_too() -> None:
    outward = Outward(["10.0.0.0/8"], resolver=Names(["10.1.1.1"], ["127.0.0.1"], ["8.8.8.8"]))

    assert await outward.find_address("crm.example.com", 443) == "10.1.1.1"
    with pytest.raises(OutwardError, match="not public"):
        await outward.find_address("crm.example.com", 443)
    assert await outward.find_address("crm.example.com", 8080) == "8.8.8.8"
    assert await outward.find_address("10.2.2.2", 80) == "10.2.2.2"
    for host, port in (("127.0.0.1", 80), ("::1", 80), ("8.8.8.8", 22), ("2130706433", 80)):
        with pytest.raises(OutwardError):
            await outward.find_address(host, port)


async def test_the_names_of_this_machine_are_found_by_the_system(there: Peer) -> None:
    outward = Outward(["127.0.0.0/8", "::1"])
    there.on("/", "hello")

    assert (await outward.get(f"http://localhost:{there.port}/")).text == "hello"
    assert (await refusal(outward, "http://nobody.invalid/")).kind == "unreachable"
    await outward.close()
