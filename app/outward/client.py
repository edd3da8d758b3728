"""The client: one request, bounded in time, size and redirects."""

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from app.outward.addresses import Allowed, check_url, is_number, refused, show
from app.outward.errors import OutwardError
from app.outward.resolving import GuardedResolver, SystemResolver

WITHIN: Final = 5.0
LIMIT: Final = 256 * 1024
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
SAFE: Final = frozenset({"GET", "HEAD"})
CONNECTIONS: Final = 1000
CONNECTIONS_OF_A_HOST: Final = 64
CHUNK: Final = 16 * 1024
# What belongs to the connection, and to us.
OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        status: Of HTTP.
        body: All of it, decompressed.
        headers: Of the answer, by name in lower case.
        url: Where it came from, after redirects.
        charset: Of the body, as the answer tells; empty where it does not.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    charset: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        """The kind of the body, such as ``application/json``; empty where it is not told."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; what is none becomes a replacement character."""
        try:
            return self.body.decode(self.charset or "utf-8", errors="replace")
        except LookupError:  # a charset that nobody knows
            return self.body.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, looked at."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None
    limit: int


class Outward:
    """Asks what others have named; one for each node.

    Connections are kept and used again; cookies are not, nor does a proxy of the environment count.
    """

    def __init__(
        self, allow: Iterable[str] = (), *, resolver: AbstractResolver | None = None
    ) -> None:
        """Make a client; it connects to nothing yet.

        Args:
            allow: Networks and names of hosts that may be reached although they are private.
            resolver: Finds addresses, instead of the system's.

        Raises:
            ValueError: An entry of ``allow`` is neither.
        """
        self.allowed = Allowed.read(allow)
        self._resolver = GuardedResolver(resolver or SystemResolver(), self.allowed)
        self._http: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within: float = WITHIN,
        limit: int = LIMIT,
        redirects: int = 0,
    ) -> Reply:
        """Send one request and read its answer; a status of failure is an answer too.

        Args:
            method: ``GET``, ``POST`` …
            url: With its query string.
            headers: Of the request. At a redirect to another host they are left out.
            body: Of the request.
            within: Seconds for all of it: resolving, connecting, redirects and the body.
            limit: Bytes of the body, after decompression.
            redirects: How many to follow, of GET and HEAD only.

        Raises:
            OutwardError: It leads where it must not, or there was no whole answer within the
                bounds.
        """
        target = check_url(url, self.allowed)
        asked = Asked(method.upper(), target, checked_headers(url, headers or {}), body, limit)
        try:
            async with asyncio.timeout(within):
                return await self._follow(asked, redirects)
        except TimeoutError:
            message = f"{show(url)} did not answer within {within:g} s"
            raise OutwardError("slow", message) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise OutwardError("unreachable", f"{show(url)}: {reason_of(error)}") from None

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        within: float = WITHIN,
        limit: int = LIMIT,
        redirects: int = 0,
    ) -> Reply:
        """:meth:`request` with GET."""
        return await self.request(
            "GET", url, headers=headers, within=within, limit=limit, redirects=redirects
        )

    async def find_address(self, host: str, port: int) -> str:
        """Where another client may connect to for a host: to this address, and no other.

        Raises:
            OutwardError: To none; or there is none.
        """
        shown = f"[{host}]" if ":" in host else host
        check_url(f"http://{shown}:{port}/", self.allowed)
        if is_number(host):
            return host
        try:
            found = await self._resolver.resolve(host, port)
        except OSError:
            raise OutwardError("unreachable", f"{host}: its name cannot be resolved") from None
        return found[0]["host"]

    async def pin(self, host: str, port: int) -> str:
        """:meth:`find_address` for clients that know nothing of this room.

        Raises:
            PermissionError: To none; or there is none.
        """
        try:
            return await self.find_address(host, port)
        except OutwardError as error:
            raise PermissionError(str(error)) from None

    async def close(self) -> None:
        """Let all connections go; the next request makes new ones."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()
        await self._resolver.close()

    async def _follow(self, asked: "Asked", redirects: int) -> Reply:
        for left in range(redirects, -1, -1):
            reply = await self._ask(asked)
            if reply.status not in REDIRECTS or "location" not in reply.headers:
                return reply
            if not left or asked.method not in SAFE:
                break
            following = self._next(asked.url, reply.headers["location"])
            is_same = following.origin() == asked.url.origin()
            asked = replace(asked, url=following, headers=asked.headers if is_same else {})
        told = f"it redirects (HTTP {reply.status})"
        told += f", as it did {redirects} times before" if redirects else ""
        raise refused(str(asked.url), f"{told}; use the address that it leads to")

    def _next(self, url: URL, location: str) -> URL:
        """Where a redirect leads, looked at as the first address was."""
        try:
            following = url.join(URL(location))
        except ValueError:
            raise refused(str(url), "it redirects to what is no address") from None
        if url.scheme == "https" and following.scheme == "http":
            raise refused(str(url), "it redirects from https to http")
        return check_url(str(following), self.allowed)

    async def _ask(self, asked: "Asked") -> Reply:
        async with self._session().request(
            asked.method,
            asked.url,
            headers=asked.headers,
            data=asked.body,
            allow_redirects=False,
        ) as response:
            found = {name.lower(): value for name, value in response.headers.items()}
            is_leaving = response.status in REDIRECTS
            body = b"" if is_leaving else await read(response, asked.url, asked.limit)
            return Reply(response.status, body, found, str(asked.url), response.charset or "")

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            connector = aiohttp.TCPConnector(
                resolver=self._resolver,
                use_dns_cache=False,  # what was looked at is what is connected to
                limit=CONNECTIONS,
                limit_per_host=CONNECTIONS_OF_A_HOST,  # a slow one must not hold up the others
            )
            self._http = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "cordboard", "Accept-Encoding": "gzip, deflate"},
                timeout=aiohttp.ClientTimeout(total=None),  # kept by request()
                trust_env=False,
            )
        return self._http


async def read(response: aiohttp.ClientResponse, url: URL, limit: int) -> bytes:
    """The body, as long as it stays within the limit."""
    kept = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        kept += chunk
        if len(kept) > limit:
            response.close()
            raise OutwardError(
                "large", f"{show(str(url))} answered more than the {limit:,} bytes that are taken"
            )
    return bytes(kept)


def checked_headers(url: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request, if they may be sent.

    Raises:
        OutwardError: One belongs to the connection, or would end the line it stands on.
    """
    for name, value in headers.items():
        if name.lower() in OURS:
            raise refused(url, f"header {name!r} is of the connection; leave it out")
        if not name or any(ord(letter) < 32 or letter == "\x7f" for letter in name + value):
            raise refused(url, f"header {name!r:.60} has no name, or a line break in it")
    return dict(headers)


def reason_of(error: Exception) -> str:
    """Why there is no answer, without what is of no use outside."""
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        reason = os.strerror(error.os_error.errno).lower()
    else:
        reason = type(error).__name__
    return next(
        (text for kind, text in REASONS if isinstance(error, kind)), f"no answer ({reason})"
    )


REASONS: Final = (
    (aiohttp.ClientSSLError, "its TLS certificate cannot be trusted"),
    (aiohttp.ClientConnectorDNSError, "its name cannot be resolved"),
    (aiohttp.ClientPayloadError, "the answer broke off or could not be unpacked"),
    (aiohttp.ServerDisconnectedError, "the connection was closed before an answer came"),
    (aiohttp.ClientResponseError, "what answered does not speak HTTP"),
)
