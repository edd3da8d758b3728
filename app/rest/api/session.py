"""``/api/session`` and ``/api/password``: people sign in, and say who they are from then on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import structlog
from aiohttp import web

from app.identity import Principal, SignedIn, principal_of
from app.identity.passwords import TooBusy, complaint
from app.identity.tokens import digest_of
from app.keys import IDENTITY, PRINCIPAL
from app.logs import Event, pii
from app.rest.access import ACCESS, PERSON
from app.rest.api.session_models import (
    ChoiceBody,
    PasswordBody,
    SessionView,
    SignInBody,
    TokenBody,
)
from app.rest.attempts import ATTEMPTS
from app.rest.cookie import clear_cookie, cookie_of, set_cookie
from app.rest.operation import Answer, operation
from app.rest.origin import require_own_page
from app.rest.problems import HEADERS, Problem, invalid
from app.rest.slowdown import too_many
from app.store import now
from app.store.directory import Account, Membership

__all__ = ["OPERATIONS"]

ROUTE: Final = "/api/session"
SHOWN: Final = {200: Answer("Who asks, and what they may do.", SessionView)}
NO_PERSON: Final = {409: "It is not a person who asks."}
WRONG: Final = {
    401: "The address or the password is wrong, or none was chosen yet.",
    403: "The page of another site asks, or the person belongs to no organisation.",
}

log = structlog.get_logger()


@operation(
    "POST",
    ROUTE,
    needs="public",
    answers={201: Answer("Signed in; the cookie proves it.", SessionView)},
    problems=WRONG,
)
async def sign_in(request: web.Request, body: SignInBody) -> web.Response:
    """Sign in by address and password.

    Wrong ones are answered ever more slowly and are limited, by address and by account.
    """
    require_own_page(request)
    identity, address = request.app[IDENTITY], request.app[ACCESS].address(request)
    await request.app[ATTEMPTS].begin(address, body.email)
    with _in_turn():
        account = await identity.check_password(body.email, body.password)
    if account is None:
        await _refuse(request, address, body.email)
    await request.app[ATTEMPTS].succeeded(address, body.email)
    chosen = await _choose(request, account, body.organisation_id)
    if (before := cookie_of(request)) is not None:  # whoever it was, they are no longer
        await identity.sessions.close(before)
    cookie, signed_in = await identity.sessions.open(account.id, chosen.organisation_id)
    log.info(Event.SIGNED_IN, person=account.id, organisation=chosen.organisation_id)
    response = _written(await _of_person(request, signed_in), status=201)
    set_cookie(request, response, cookie)
    return response


@operation("GET", ROUTE, needs="signed in", answers=SHOWN)
async def show_session(request: web.Request) -> SessionView:
    """Show who asks, and what they may do."""
    signed_in = request.get(PERSON)
    if signed_in is None:
        return SessionView.of(request[PRINCIPAL])
    return await _of_person(request, signed_in)


@operation("PUT", ROUTE, needs="signed in", answers=SHOWN, problems=NO_PERSON)
async def choose_organisation(request: web.Request, body: ChoiceBody) -> SessionView:
    """Act for another organisation that the person belongs to."""
    identity, before = request.app[IDENTITY], _require_person(request)
    memberships = await identity.directory.memberships(before.user_id)
    if body.organisation_id not in {one.organisation_id for one in memberships}:
        raise _not_a_member()
    await identity.accounts.choose(before.digest, body.organisation_id)
    signed_in = await identity.directory.signed_in(before.digest, now())
    if signed_in is None:  # removed from it in this very moment
        raise _not_a_member()
    return await _of_person(request, signed_in)


@operation("DELETE", ROUTE, needs="signed in", answers={204: Answer("Signed out.")})
async def sign_out(request: web.Request) -> web.Response:
    """Sign out."""
    if (cookie := cookie_of(request)) is not None:
        await request.app[IDENTITY].sessions.close(cookie)
    response = web.Response(status=204, headers=HEADERS)
    clear_cookie(request, response)
    return response


@operation(
    "PUT",
    "/api/password",
    needs="signed in",
    answers={204: Answer("Changed; everywhere else the person is signed out.")},
    problems=NO_PERSON,
)
async def change_password(request: web.Request, body: PasswordBody) -> web.Response:
    """Change one's own password."""
    identity, signed_in = request.app[IDENTITY], _require_person(request)
    address = request.app[ACCESS].address(request)
    await request.app[ATTEMPTS].begin(address, signed_in.email)
    with _in_turn():
        account = await identity.check_password(signed_in.email, body.current_password)
    if account is None:
        text = "expected the password that the person has now"
        raise invalid(f"Current password: {text}.", [("current_password", text)])
    await request.app[ATTEMPTS].succeeded(address, signed_in.email)
    _require_good(body.new_password, signed_in.email)
    with _in_turn():
        hashed = await identity.passwords.hash(body.new_password)
    actor = request[PRINCIPAL].actor
    await identity.accounts.set_password(
        signed_in.user_id, hashed, actor=actor, keep=signed_in.digest
    )
    return web.Response(status=204, headers=HEADERS)


@operation(
    "POST",
    "/api/password",
    needs="public",
    answers={204: Answer("Chosen; sign in with it.")},
    problems={403: "The token is not good, or the page of another site asks."},
)
async def choose_password(request: web.Request, body: TokenBody) -> web.Response:
    """Choose a password by a token, which an owner has passed on. It is good once."""
    require_own_page(request)
    identity, address = request.app[IDENTITY], request.app[ACCESS].address(request)
    await request.app[ATTEMPTS].begin(address)
    digest = digest_of(body.token)
    account = await identity.directory.account_by_token(digest, now())
    if account is None:
        raise _bad_token()
    _require_good(body.new_password, account.email)
    with _in_turn():
        hashed = await identity.passwords.hash(body.new_password)
    if await identity.accounts.use_token(digest, hashed) is None:  # somebody was quicker
        raise _bad_token()
    return web.Response(status=204, headers=HEADERS)


async def _refuse(request: web.Request, address: str, email: str) -> NoReturn:
    log.warning(Event.SIGN_IN_REFUSED, **pii(address=address, email=email))
    await request.app[ACCESS].slowdown.failed(address)
    raise Problem(
        401,
        "The address or the password is wrong.",
        kind="wrong-password",
        title="Wrong password",
    )


@contextmanager
def _in_turn() -> Iterator[None]:
    """Refuse whoever would have to wait too long for a password to be looked at."""
    try:
        yield
    except TooBusy:
        raise too_many(2, "Too many people sign in at this moment.") from None


async def _choose(
    request: web.Request, account: Account, organisation_id: str | None
) -> Membership:
    """The organisation that somebody signs in for."""
    memberships = await request.app[IDENTITY].directory.memberships(account.id)
    for one in memberships:
        if organisation_id in (None, one.organisation_id):
            return one
    raise _not_a_member()


def _require_person(request: web.Request) -> SignedIn:
    signed_in: SignedIn | None = request.get(PERSON)
    if signed_in is None:
        principal: Principal = request[PRINCIPAL]
        detail = f"This is for people who are signed in; {principal.name!r} is none."
        raise Problem(409, detail, kind="no-person", title="Not a person")
    return signed_in


async def _of_person(request: web.Request, signed_in: SignedIn) -> SessionView:
    identity = request.app[IDENTITY]
    memberships = await identity.directory.memberships(signed_in.user_id)
    token = identity.sessions.forgery_token(signed_in)
    return SessionView.of(principal_of(signed_in)).with_person(signed_in, memberships, token)


def _require_good(password: str, email: str = "") -> None:
    """A new password has to be one that is not guessed."""
    if (wrong := complaint(password, email)) is not None:
        raise invalid(f"New password: {wrong}.", [("new_password", wrong)])


def _bad_token() -> Problem:
    text = "was used, is too old, or never was one; ask an owner for another"
    return Problem(
        403, f"Token: {text}.", kind="bad-token", title="Bad token", errors=[("token", text)]
    )


def _not_a_member() -> Problem:
    detail = "The person does not belong to that organisation, or to none at all."
    return Problem(403, detail, kind="not-a-member", title="Not a member")


def _written(view: SessionView, *, status: int) -> web.Response:
    body = view.model_dump_json().encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=HEADERS)


OPERATIONS: Final = (
    sign_in,
    show_session,
    choose_organisation,
    sign_out,
    change_password,
    choose_password,
)
