"""``/api/keys`` and ``/api/credentials``: what opens the REST API and the WebSockets."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from aiohttp import web

from app.identity.tokens import digest_of, new_key, new_token, prefix_of
from app.keys import IDENTITY, PRINCIPAL, SETTINGS
from app.rest.api.access_models import (
    CredentialBody,
    CredentialChange,
    CredentialPath,
    CredentialView,
    KeyBody,
    KeyChange,
    KeyPath,
    KeyView,
    NewCredentialView,
    NewKeyView,
    given,
)
from app.rest.operation import Answer, operation
from app.rest.problems import HEADERS, Problem
from app.rest.tenant import tenant_of
from app.store import now
from app.store.access import UserNameTaken

__all__ = ["OPERATIONS"]

READ: Final = "audit:read"
WRITE: Final = "organisation:write"
KEYS: Final = "/api/keys"
KEY: Final = "/api/keys/{key_id}"
CREDENTIALS: Final = "/api/credentials"
CREDENTIAL: Final = "/api/credentials/{credential_id}"
NO_KEY: Final = {404: "No such key."}
NO_CREDENTIAL: Final = {404: "No such credential."}
TAKEN: Final = {409: "Another credential has the user name, or there are too many."}
MOST: Final = 200
"""Keys of one organisation, and credentials: each node holds all of them in memory."""


@operation("GET", KEYS, needs=READ, answers={200: Answer("The oldest first.", list[KeyView])})
async def list_keys(request: web.Request) -> list[KeyView]:
    """List the keys of the organisation."""
    return [KeyView.model_validate(one) for one in await tenant_of(request).keys.list()]


@operation("GET", KEY, needs=READ, answers={200: Answer("The key.", KeyView)}, problems=NO_KEY)
async def show_key(request: web.Request, path: KeyPath) -> KeyView:
    """Show a key, but not what opens."""
    kept = await tenant_of(request).keys.get(path.key_id)
    return KeyView.model_validate(kept or _no_key(path))


@operation(
    "POST",
    KEYS,
    needs=WRITE,
    answers={201: Answer("Copy the key now.", NewKeyView)},
    problems={409: "The expiry is over already, or there are too many keys."},
)
async def create_key(request: web.Request, body: KeyBody) -> NewKeyView:
    """Make a key for a program. It may do no more than whoever makes it."""
    keys = tenant_of(request).keys
    _require_room("keys", await keys.list())
    _check(request, given(body))
    key = new_key()
    kept = await keys.create(
        name=body.name,
        digest=digest_of(key),
        prefix=prefix_of(key),
        scopes=sorted(set(body.scopes)),
        expires_at=body.expires_at,
    )
    await request.app[IDENTITY].ring.refresh()
    return NewKeyView.of(kept, key)


@operation(
    "PATCH",
    KEY,
    needs=WRITE,
    answers={200: Answer("As it is now.", KeyView)},
    problems=NO_KEY | {409: "The expiry is over already."},
)
async def change_key(request: web.Request, path: KeyPath, body: KeyChange) -> KeyView:
    """Change the name, the scopes or the expiry of a key."""
    keys, values = tenant_of(request).keys, given(body)
    before = await keys.get(path.key_id) or _no_key(path)
    _require_covered(request, before.scopes, "scopes")
    _check(request, values)
    if "scopes" in values:
        values["scopes"] = sorted(set(values["scopes"]))
    changed = await keys.change(path.key_id, values)
    await request.app[IDENTITY].ring.refresh()
    return KeyView.model_validate(changed or _no_key(path))


@operation(
    "DELETE", KEY, needs=WRITE, answers={204: Answer("It opens nothing more.")}, problems=NO_KEY
)
async def delete_key(request: web.Request, path: KeyPath) -> web.Response:
    """Revoke a key, here at once and on other nodes within seconds."""
    if await tenant_of(request).keys.delete(path.key_id) is None:
        _no_key(path)
    await request.app[IDENTITY].ring.refresh()
    return web.Response(status=204, headers=HEADERS)


@operation(
    "GET",
    CREDENTIALS,
    needs=READ,
    answers={200: Answer("The oldest first.", list[CredentialView])},
)
async def list_credentials(request: web.Request) -> list[CredentialView]:
    """List what jambonz may open WebSockets with for the organisation."""
    found = await tenant_of(request).credentials.list()
    return [CredentialView.model_validate(one) for one in found]


@operation(
    "GET",
    CREDENTIAL,
    needs=READ,
    answers={200: Answer("The credential.", CredentialView)},
    problems=NO_CREDENTIAL,
)
async def show_credential(request: web.Request, path: CredentialPath) -> CredentialView:
    """Show a credential, but not the password."""
    kept = await tenant_of(request).credentials.get(path.credential_id)
    return CredentialView.model_validate(kept or _no_credential(path))


@operation(
    "POST",
    CREDENTIALS,
    needs=WRITE,
    answers={201: Answer("Copy the password now.", NewCredentialView)},
    problems=TAKEN,
)
async def create_credential(request: web.Request, body: CredentialBody) -> NewCredentialView:
    """Make a credential, for the application in the jambonz portal."""
    credentials = tenant_of(request).credentials
    _require_room("credentials", await credentials.list())
    if body.user_name == request.app[SETTINGS].ws_user:
        raise _taken()
    password = new_token()
    try:
        kept = await credentials.create(**body.model_dump(), digest=digest_of(password))
    except UserNameTaken:
        raise _taken() from None
    await request.app[IDENTITY].ring.refresh()
    return NewCredentialView.of(kept, password)


@operation(
    "PATCH",
    CREDENTIAL,
    needs=WRITE,
    answers={200: Answer("As it is now.", CredentialView)},
    problems=NO_CREDENTIAL,
)
async def change_credential(
    request: web.Request, path: CredentialPath, body: CredentialChange
) -> CredentialView:
    """Change the name or the accounts of a credential; calls that go on are not touched."""
    changed = await tenant_of(request).credentials.change(path.credential_id, given(body))
    await request.app[IDENTITY].ring.refresh()
    return CredentialView.model_validate(changed or _no_credential(path))


@operation(
    "POST",
    f"{CREDENTIAL}/password",
    needs=WRITE,
    answers={
        201: Answer("Copy the password now; the one before is no good any more.", NewCredentialView)
    },
    problems=NO_CREDENTIAL,
)
async def renew_credential(request: web.Request, path: CredentialPath) -> NewCredentialView:
    """Give a credential another password; calls that go on are not touched."""
    password = new_token()
    values = {"digest": digest_of(password)}
    changed = await tenant_of(request).credentials.change(path.credential_id, values)
    await request.app[IDENTITY].ring.refresh()
    return NewCredentialView.of(changed or _no_credential(path), password)


@operation(
    "DELETE",
    CREDENTIAL,
    needs=WRITE,
    answers={204: Answer("It opens nothing more.")},
    problems=NO_CREDENTIAL,
)
async def delete_credential(request: web.Request, path: CredentialPath) -> web.Response:
    """Take a credential away; calls that go on are not touched."""
    if await tenant_of(request).credentials.delete(path.credential_id) is None:
        _no_credential(path)
    await request.app[IDENTITY].ring.refresh()
    return web.Response(status=204, headers=HEADERS)


def _check(request: web.Request, values: Mapping[str, Any]) -> None:
    """What a key is to be: no more than whoever makes it, and not over before it begins."""
    _require_covered(request, values.get("scopes", ()), "scopes")
    expires_at = values.get("expires_at")
    if expires_at is not None and expires_at <= now():
        text = f"expected a time to come, came {expires_at.isoformat()}"
        raise Problem(409, f"Expires at: {text}.", kind="over", errors=[("expires_at", text)])


def _require_covered(request: web.Request, scopes: Iterable[str], field: str) -> None:
    principal = request[PRINCIPAL]
    if beyond := sorted(set(scopes) - principal.scopes):
        text = f"{principal.name!r} does not have {', '.join(beyond)}, and so cannot give it"
        raise Problem(
            403,
            f"Scopes: {text}.",
            kind="not-allowed",
            title="Not allowed",
            errors=[(field, text)],
        )


def _require_room(what: str, known: "list[Any] | Any") -> None:
    if len(known) >= MOST:
        detail = f"The organisation has {MOST} {what} already; take one away first."
        raise Problem(409, detail, kind="too-many", title="Too many")


def _taken() -> Problem:
    text = "another credential has this name, maybe of another organisation; choose another"
    return Problem(
        409,
        f"User name: {text}.",
        kind="user-name-taken",
        title="User name is taken",
        errors=[("user_name", text)],
    )


def _no_key(path: KeyPath) -> NoReturn:
    detail = f"There is no key {path.key_id!r}."
    raise Problem(404, detail, kind="no-such-key", title="No such key")


def _no_credential(path: CredentialPath) -> NoReturn:
    detail = f"There is no credential {path.credential_id!r}."
    raise Problem(404, detail, kind="no-such-credential", title="No such credential")


OPERATIONS: Final = (
    list_keys,
    show_key,
    create_key,
    change_key,
    delete_key,
    list_credentials,
    show_credential,
    create_credential,
    change_credential,
    renew_credential,
    delete_credential,
)
