"""Signing in over REST: what is asked for, and what is shown."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from app.identity import Principal, ScopeName, SignedIn
from app.identity.words import Email, Id
from app.rest.models import Body, View
from app.store.directory import Membership

__all__ = ["ChoiceBody", "MembershipView", "PasswordBody", "SessionView", "SignInBody", "TokenBody"]

# A longer one would keep a server busy; the least is checked where a new one is chosen.
Password = Annotated[str, Field(max_length=256, description="As the person typed it.")]


class SignInBody(Body):
    """Who signs in."""

    email: Email
    password: Password
    organisation_id: Annotated[
        Id | None, Field(description="For which organisation; the first one without it.")
    ] = None


class ChoiceBody(Body):
    """For which organisation to act from now on."""

    organisation_id: Id


class PasswordBody(Body):
    """A new password of whoever is signed in."""

    current_password: Password
    new_password: Password


class TokenBody(Body):
    """The first password, or one in place of a lost one."""

    token: Annotated[str, Field(max_length=100, description="As an owner has passed it on.")]
    new_password: Password


class MembershipView(View):
    """An organisation that the person belongs to."""

    organisation_id: str
    organisation: Annotated[str, Field(description="Its name.")]
    role: str


class SessionView(View):
    """Who asks, and what they may do."""

    kind: Literal["settings", "key", "person", "anonymous"]
    name: Annotated[str, Field(description="The person's address, or the name of the key.")]
    actor: Annotated[str, Field(description="As the audit log names them.")]
    organisation_id: str
    scopes: list[ScopeName]
    role: Annotated[str | None, Field(description="Of a person, in this organisation.")] = None
    organisations: Annotated[
        Sequence[MembershipView], Field(description="Of a person: those to choose from.")
    ] = ()
    csrf_token: Annotated[
        str | None,
        Field(description="Of a person: sent as `X-CSRF-Token` with every change."),
    ] = None
    expires_at: Annotated[
        datetime | None, Field(description="When a person who does nothing is signed out.")
    ] = None

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Whoever asks."""
        return cls(
            kind=principal.kind,
            name=principal.name,
            actor=principal.actor,
            organisation_id=principal.organisation_id,
            scopes=sorted(principal.scopes),
        )

    def with_person(
        self, signed_in: SignedIn, memberships: Iterable[Membership], forgery_token: str
    ) -> Self:
        """The same of a person."""
        return self.model_copy(
            update={
                "role": signed_in.role,
                "organisations": [MembershipView.model_validate(one) for one in memberships],
                "csrf_token": forgery_token,
                "expires_at": signed_in.expires_at,
            }
        )
