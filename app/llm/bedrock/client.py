"""boto3 clients that know their credential, their region and their limits, and ask nobody else.

A process that serves many tenants must not find a credential, an endpoint or a profile in its
surroundings: the session knows no file and no profile, and every client is told how to sign, for
otherwise `AWS_BEARER_TOKEN_BEDROCK` would win even over keys that were passed.
"""

import os
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from app.llm.bedrock.sockets import make_cuttable
from app.llm.network import check_url

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest

Service = Literal["bedrock-runtime", "bedrock"]
"""What answers, and the control plane, which lists models."""

_making = threading.Lock()


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """Who asks, and where: an API key, or the keys of an IAM user or role."""

    region: str
    api_key: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""


def make_client(
    service: Service,
    account: Account,
    *,
    endpoint: str | None,
    connect_timeout: float,
    read_timeout: float,
    connections: int,
) -> Any:
    """Make a client; the first takes a tenth of a second, so never do it on the loop."""
    options: dict[str, Any] = {
        "connect_timeout": connect_timeout,
        "read_timeout": read_timeout,
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        "max_pool_connections": connections,
        "tcp_keepalive": True,
        "ignore_configured_endpoint_urls": True,
        "proxies": {},
        "signature_version": UNSIGNED if account.api_key else "v4",
    }
    with _making:  # a session may not be used by two threads at once, its clients may
        client = _session().client(
            service,
            region_name=account.region,
            endpoint_url=endpoint,
            config=Config(**options),
            aws_access_key_id=account.access_key_id or None,
            aws_secret_access_key=account.secret_access_key or None,
            aws_session_token=account.session_token or None,
        )
    client.meta.events.register(f"before-send.{service}", _check)
    if account.api_key:
        _bear(client, service, account.api_key)
    make_cuttable(client)
    return client


@cache
def _session() -> boto3.Session:
    nothing = (None, None, os.devnull, None)
    variables = {
        "profile": (None, None, None, None),
        "config_file": nothing,
        "credentials_file": nothing,
    }
    return boto3.Session(botocore_session=botocore.session.Session(session_vars=variables))


def _check(request: "AWSPreparedRequest", **_: object) -> None:
    """Hold the switch that forbids real requests, for whatever this client sends."""
    check_url(request.url, "bedrock")


def _bear(client: Any, service: Service, key: str) -> None:
    """Send the API key; botocore's own way refuses plain http, and is one for all of a process."""

    def sign(request: "AWSRequest", **_: object) -> None:
        request.headers["Authorization"] = f"Bearer {key}"

    client.meta.events.register(f"before-sign.{service}.*", sign)
