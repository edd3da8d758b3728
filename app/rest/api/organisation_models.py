"""An organisation over REST: what may be set, and what is shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from app.identity.words import HeaderValue, Name, Secret
from app.llm import vendors
from app.rest.explain import TAG
from app.rest.models import Body, View
from app.store.organisation import LOOKUP_SECRET, Organisation

__all__ = ["OrganisationBody", "OrganisationView"]

MOST_FIELDS: Final = 20
CLOSED: Final = {"additionalProperties": False}


def _has_host(url: str) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise ValueError("expected an address such as https://crm.example.com/caller")
    return url


def _whole(value: object) -> object:
    """To JSON 30.0 is as much an integer as 30."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


VENDORS: Final = tuple(sorted(vendors()))
Url = Annotated[
    str,
    Field(max_length=2000, pattern=r"^https?://[A-Za-z0-9._:\[\]-]+(?:[/?][^\x00-\x20\x7f#]*)?$"),
    AfterValidator(_has_host),
]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
ModelSpec = Annotated[
    str, Field(max_length=200, pattern=rf"^(?:{'|'.join(VENDORS)}):[^\x00-\x20\x7f]+$")
]
Vendor = Annotated[str, Field(pattern=rf"^(?:{'|'.join(VENDORS)})$")]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$")]
Fields = Annotated[
    dict[FieldName, Secret], Field(min_length=1, max_length=MOST_FIELDS, json_schema_extra=CLOSED)
]
Credential = Annotated[
    Annotated[Secret, Tag(f"{TAG}key")] | Annotated[Fields, Tag(f"{TAG}fields")],
    Discriminator(lambda value: f"{TAG}fields" if isinstance(value, dict) else f"{TAG}key"),
]


class OrganisationBody(Body):
    """What is to be another; what is not named stays, and null takes a value away."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Annotated[Name, Field(description="Cannot be taken away.")] = ""
    client_lookup_url: Annotated[
        Url | None,
        Field(description="Asked by GET with `?phone=`, to know who is on the line."),
    ] = None
    client_lookup_header: Annotated[
        Header | None, Field(description="Which carries the secret; `loquent_x_check` by default.")
    ] = None
    client_lookup_secret: Annotated[
        HeaderValue | None, Field(description="Sent to that address; never shown again.")
    ] = None
    client_lookup_early: Annotated[
        bool | None, Field(description="Ask when a call begins, before the first words.")
    ] = None
    worker_model: Annotated[
        ModelSpec | None,
        Field(description="`vendor:model` that answers from documents; null: the server's."),
    ] = None
    retention_days: Annotated[
        Annotated[int, Field(ge=1, le=36_500), BeforeValidator(_whole)] | None,
        Field(description="For how long records of calls are kept."),
    ] = None
    max_calls: Annotated[
        Annotated[int, Field(ge=0, le=10_000_000), BeforeValidator(_whole)] | None,
        Field(description="Calls at once, on all nodes together; null for no bound."),
    ] = None
    vendor_keys: Annotated[
        dict[Vendor, Credential | None],
        Field(
            max_length=50,
            json_schema_extra=CLOSED,
            description="Credentials of model vendors: a key, or its fields; null takes one away."
            " Those that are not named stay. Never shown again.",
        ),
    ] = {}  # noqa: RUF012 - frozen, and pydantic copies it

    def given(self, *names: str) -> dict[str, Any]:
        """Those of these fields that were named, as they are to be."""
        return {name: getattr(self, name) for name in names if name in self.model_fields_set}


class OrganisationView(View):
    """An organisation; of its secrets it is only told which there are."""

    id: str
    name: str
    client_lookup_url: str | None
    client_lookup_header: str
    client_lookup_early: bool
    has_client_lookup_secret: bool
    worker_model: Annotated[str | None, Field(description="Null for that of the server.")]
    retention_days: int | None
    max_calls: Annotated[int | None, Field(description="Null for no bound.")]
    vendors: Annotated[
        list[str], Field(description="The model vendors of which it has a credential.")
    ]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, one: Organisation) -> Self:
        """The view of what the store holds."""
        settings: Mapping[str, Any] = {
            name: getattr(one.settings, name) for name in one.settings.__slots__
        }
        return cls(
            id=one.id,
            name=one.name,
            has_client_lookup_secret=LOOKUP_SECRET in one.secrets,
            vendors=[*one.vendors],
            created_at=one.created_at,
            updated_at=one.updated_at,
            **settings,
        )
