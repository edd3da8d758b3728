"""Why an agent ended, in jambonz' words."""

from typing import Any

from app.llm import ErrorKind, ModelError

ENDED = "normal conversation end"
NO_RESPONSE = "no_response"

_FAILURES: dict[ErrorKind, str] = {
    "connection": "connection failure",
    "timeout": "connection failure",
    "overloaded": "server failure",
    "protocol": "server failure",
    "truncated": "server failure",
    "auth": "server error",
    "bad_request": "server error",
    "rate_limit": "server error",
}
"""The vendor is not reached, it fails, or it refuses."""


def completion(reason: str) -> dict[str, Any]:
    """What the action hook is told of an agent that ended in good order."""
    return {"completion_reason": reason}


def completion_of(error: ModelError) -> dict[str, Any]:
    """What the action hook is told of an agent whose model failed."""
    told = {"code": error.kind, "message": str(error)}
    return {"completion_reason": _FAILURES[error.kind], "error": told}
