"""Keys and WebSocket credentials over REST."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, Field

from app.identity import ScopeName
from app.identity.words import Id, Name
from app.rest.models import Body, Sid, View
from app.store.access import ApiKey, WsCredential

__all__ = [
    "CredentialBody",
    "CredentialChange",
    "CredentialPath",
    "CredentialView",
    "KeyBody",
    "KeyChange",
    "KeyPath",
    "KeyView",
    "NewCredentialView",
    "NewKeyView",
]

Scopes = Annotated[
    list[ScopeName], Field(min_length=1, max_length=20, description="What it may do, and no more.")
]
Expiry = Annotated[
    AwareDatetime | None,
    Field(strict=False, description="From when on it opens nothing; never without it."),
]
AccountSids = Annotated[
    list[Sid],
    Field(
        max_length=100, description="The jambonz accounts that may use it; any if none is named."
    ),
]
UserName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$",
        description="Of no other credential, here or in another organisation.",
    ),
]


class KeyPath(BaseModel):
    """Which key."""

    key_id: Annotated[Id, Field(description="The key's id, not the key.")]


class KeyBody(Body):
    """A new key."""

    name: Annotated[Name, Field(description="What it is for.")]
    scopes: Scopes
    expires_at: Expiry = None


class KeyChange(Body):
    """What is to be another; what is not named stays."""

    name: Name = ""
    scopes: Scopes = []  # noqa: RUF012 - frozen, and pydantic copies it
    expires_at: Expiry = None


class KeyView(View):
    """A key, without what opens."""

    id: str
    name: str
    prefix: Annotated[str, Field(description="How the key begins.")]
    scopes: Sequence[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None


class NewKeyView(KeyView):
    """A key, with what opens."""

    key: Annotated[str, Field(description="Shown now and never again.")]

    @classmethod
    def of(cls, kept: ApiKey, key: str) -> Self:
        """The key that was just made."""
        return cls(**KeyView.model_validate(kept).model_dump(), key=key)


class CredentialPath(BaseModel):
    """Which credential."""

    credential_id: Annotated[Id, Field(description="The credential's id.")]


class CredentialBody(Body):
    """A new credential, for the application in the jambonz portal."""

    name: Annotated[Name, Field(description="What it is for.")]
    user_name: UserName
    account_sids: AccountSids = []  # noqa: RUF012 - frozen, and pydantic copies it


class CredentialChange(Body):
    """What is to be another; what is not named stays."""

    name: Name = ""
    account_sids: AccountSids = []  # noqa: RUF012 - frozen, and pydantic copies it


class CredentialView(View):
    """A credential, without the password."""

    id: str
    name: str
    user_name: str
    account_sids: Sequence[str]
    created_at: datetime
    created_by: str


class NewCredentialView(CredentialView):
    """A credential, with the password."""

    password: Annotated[str, Field(description="Shown now and never again.")]

    @classmethod
    def of(cls, kept: WsCredential, password: str) -> Self:
        """The credential that was just made, or given another password."""
        return cls(**CredentialView.model_validate(kept).model_dump(), password=password)


def given(body: Body) -> dict[str, Any]:
    """What a change names."""
    return {name: getattr(body, name) for name in body.model_fields_set}
