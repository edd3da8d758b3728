"""People of an organisation over REST."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from app.identity import Role
from app.identity.words import Email, Id, Label
from app.rest.models import Body, View
from app.store.people import Person

__all__ = ["InviteBody", "InvitedView", "PersonPath", "PersonView", "RoleBody", "TokenView"]


class PersonPath(BaseModel):
    """Which person."""

    person_id: Annotated[Id, Field(description="The person's id.")]


class InviteBody(Body):
    """Somebody who is to belong to the organisation."""

    email: Email
    name: Annotated[Label, Field(description="For who is new here and elsewhere.")] = ""
    role: Role


class RoleBody(Body):
    """What somebody is to be from now on."""

    role: Role


class PersonView(View):
    """Somebody who belongs to the organisation."""

    id: str
    email: str
    name: str
    role: Role
    has_password: Annotated[bool, Field(description="Before that they cannot sign in.")]
    created_at: Annotated[datetime, Field(description="Since when they belong to it.")]


class TokenView(View):
    """Lets somebody choose a password; pass it on to them."""

    password_token: Annotated[
        str,
        Field(description="For `POST /api/password`, once; shown now and never again."),
    ]
    expires_at: datetime


class InvitedView(PersonView, TokenView):
    """The same, with the token by which they choose a password."""

    @classmethod
    def of(cls, person: Person, token: str, expires_at: datetime) -> Self:
        """The person with their token."""
        view = PersonView.model_validate(person)
        return cls(**view.model_dump(), password_token=token, expires_at=expires_at)
