"""Access tokens of a Google service account, renewed ahead of their end, in a thread."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from app.llm.network import check_url
from app.llm.port import ModelError

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AHEAD = timedelta(minutes=5)
"""How long before its end a token is renewed, while the old one still serves."""

_renewer = ThreadPoolExecutor(2, thread_name_prefix="llm-token")


class TokenSource:
    """Gives the token of one service account.

    Raises:
        ModelError: Of kind "auth", if the account lacks a field or its key cannot be read.
    """

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        from google.oauth2.service_account import Credentials  # noqa: PLC0415  (imports requests)

        make: Any = Credentials.from_service_account_info  # the library has no types
        try:
            self.credentials = make(dict(credentials), scopes=[SCOPE])
        except ValueError as error:
            text = f"the service account of `credentials` cannot be used: {error}"
            raise ModelError(text, kind="auth") from None
        self._url = str(credentials["token_uri"])
        self._renewing: asyncio.Future[None] | None = None

    async def token(self) -> str:
        """A token that is good now; waits only where there is none."""
        if self._expires_within(AHEAD) and self._renewing is None:
            loop = asyncio.get_running_loop()
            self._renewing = loop.run_in_executor(_renewer, self._renew)
            self._renewing.add_done_callback(self._renewed)
        if self._expires_within(timedelta(seconds=10)) and self._renewing is not None:
            await asyncio.shield(self._renewing)
        return str(self.credentials.token)

    def _expires_within(self, span: timedelta) -> bool:
        expiry = self.credentials.expiry  # naive, in UTC
        if not self.credentials.token or expiry is None:
            return True
        return bool(expiry - span < datetime.now(UTC).replace(tzinfo=None))

    def _renew(self) -> None:
        from google.auth.transport.requests import Request  # noqa: PLC0415

        check_url(self._url)
        request = Request()
        request.session.trust_env = False
        with request.session:
            self.credentials.refresh(request)

    def _renewed(self, renewing: "asyncio.Future[None]") -> None:
        self._renewing = None
        if not renewing.cancelled():
            renewing.exception()  # whoever waits is told; the next one tries again
