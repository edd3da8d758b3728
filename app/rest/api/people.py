"""``/api/people``: who belongs to the organisation, and as what."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from app.identity import ROLES
from app.identity.tokens import digest_of, new_token
from app.keys import PRINCIPAL
from app.rest.api.people_models import (
    InviteBody,
    InvitedView,
    PersonPath,
    PersonView,
    RoleBody,
    TokenView,
)
from app.rest.operation import Answer, operation
from app.rest.problems import HEADERS, Problem
from app.rest.tenant import tenant_of
from app.store import now
from app.store.people import AlreadyMember, KnownElsewhere, LastOwner, NotOnlyHere, Person

__all__ = ["OPERATIONS"]

READ: Final = "organisation:read"
WRITE: Final = "organisation:write"
ROUTE: Final = "/api/people"
ONE: Final = "/api/people/{person_id}"
TOKEN_LIVES: Final = timedelta(days=7)
NOBODY: Final = {404: "No such person."}
LAST: Final = {409: "Nobody else is an owner."}
BEYOND: Final = {403: "The scope is missing, or the role may do more than whoever asks."}


@operation("GET", ROUTE, needs=READ, answers={200: Answer("By address.", list[PersonView])})
async def list_people(request: web.Request) -> list[PersonView]:
    """List the people of the organisation."""
    return [PersonView.model_validate(one) for one in await tenant_of(request).people.list()]


@operation(
    "GET", ONE, needs=READ, answers={200: Answer("The person.", PersonView)}, problems=NOBODY
)
async def show_person(request: web.Request, path: PersonPath) -> PersonView:
    """Show a person."""
    return PersonView.model_validate(await _find(request, path.person_id))


@operation(
    "POST",
    ROUTE,
    needs=WRITE,
    answers={201: Answer("They belong to it.", InvitedView)},
    problems=BEYOND | {409: "They belong to it already, or to another organisation."},
)
async def invite_person(request: web.Request, body: InviteBody) -> InvitedView:
    """Let somebody belong to the organisation.

    They choose a password by the token that comes back; nothing is sent, pass it on yourself.
    """
    _require_covered(request, body.role)
    people = tenant_of(request).people
    with _refusing():
        person = await people.add(email=body.email, name=body.name, role=body.role)
        token, expires_at = await _give_token(request, person.id)
    return InvitedView.of(person, token, expires_at)


@operation(
    "PATCH",
    ONE,
    needs=WRITE,
    answers={200: Answer("As they are now.", PersonView)},
    problems=NOBODY | LAST | BEYOND,
)
async def change_person(request: web.Request, path: PersonPath, body: RoleBody) -> PersonView:
    """Give a person another role; it counts from their next request on."""
    person = await _find(request, path.person_id)
    _require_covered(request, body.role, person.role)
    with _refusing():
        changed = await tenant_of(request).people.change_role(person.id, body.role)
    return PersonView.model_validate(changed or _raise(path.person_id))


@operation(
    "DELETE",
    ONE,
    needs=WRITE,
    answers={204: Answer("They belong to it no more, and are signed out of it.")},
    problems=NOBODY | LAST | BEYOND,
)
async def remove_person(request: web.Request, path: PersonPath) -> web.Response:
    """Let a person belong to the organisation no more."""
    person = await _find(request, path.person_id)
    _require_covered(request, person.role)
    with _refusing():
        await tenant_of(request).people.remove(person.id)
    return web.Response(status=204, headers=HEADERS)


@operation(
    "POST",
    f"{ONE}/password",
    needs=WRITE,
    answers={201: Answer("Pass the token on.", TokenView)},
    problems=NOBODY | BEYOND | {409: "They belong to another organisation too."},
)
async def let_choose_password(request: web.Request, path: PersonPath) -> TokenView:
    """Let a person choose a new password by a token: a lost one, or a token that is too old.

    The password that they have stays good until then.
    """
    person = await _find(request, path.person_id)
    _require_covered(request, person.role)
    with _refusing():
        token, expires_at = await _give_token(request, person.id)
    return TokenView(password_token=token, expires_at=expires_at)


async def _find(request: web.Request, person_id: str) -> Person:
    return await tenant_of(request).people.get(person_id) or _raise(person_id)


async def _give_token(request: web.Request, person_id: str) -> tuple[str, datetime]:
    token, expires_at = new_token(), now() + TOKEN_LIVES
    people = tenant_of(request).people
    if await people.let_choose_password(person_id, digest_of(token), expires_at) is None:
        _raise(person_id)
    return token, expires_at


def _require_covered(request: web.Request, *roles: str) -> None:
    """Nobody makes, changes or takes the place of somebody who may do more than they may."""
    principal = request[PRINCIPAL]
    for role in roles:
        beyond = _scopes_of(role) - principal.scopes
        if beyond:
            raise Problem(
                403,
                f"The role {role!r} may do what {principal.name!r} may not: "
                f"{', '.join(sorted(beyond))}.",
                kind="not-allowed",
                title="Not allowed",
            )


def _scopes_of(role: str) -> frozenset[str]:
    known: dict[str, frozenset[str]] = {name: frozenset(scopes) for name, scopes in ROLES.items()}
    return known.get(role, frozenset())


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what the store refuses into problems."""
    try:
        yield
    except AlreadyMember:
        text = "belongs to the organisation already; change the role by PATCH"
        raise _taken("already-member", "Belongs to it already", text) from None
    except KnownElsewhere:
        text = (
            "belongs to another organisation; whoever runs the server can add them to this one by "
            "`cordboard organisation add`"
        )
        raise _taken("known-elsewhere", "Belongs to another organisation", text) from None
    except LastOwner:
        raise Problem(
            409,
            "Nobody else is an owner; make somebody else one first.",
            kind="last-owner",
            title="Last owner",
        ) from None
    except NotOnlyHere:
        raise Problem(
            409,
            "They belong to another organisation too, and change their password themselves; whoever"
            " runs the server can do it by `cordboard organisation password`.",
            kind="not-only-here",
            title="Belongs to another organisation too",
        ) from None


def _taken(kind: str, title: str, text: str) -> Problem:
    return Problem(409, f"Email: {text}.", kind=kind, title=title, errors=[("email", text)])


def _raise(person_id: str) -> Person:
    raise Problem(
        404, f"There is no person {person_id!r}.", kind="no-such-person", title="No such person"
    )


OPERATIONS: Final = (
    list_people,
    show_person,
    invite_person,
    change_person,
    remove_person,
    let_choose_password,
)
