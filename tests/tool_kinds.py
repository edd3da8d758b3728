"""Types and helpers for the tests of a tool's arguments."""

import enum
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from app.tool import Tool, ToolArgumentError, tool


class Scale(enum.Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


@dataclass
class Point:
    pos_x: float
    pos_y: float = 0.0
    labels: list[str] = field(default_factory=list)


class Guest(BaseModel):
    full_name: str
    age: Annotated[int, Field(ge=0, le=150)] | None = None
    is_member: bool = False


class Node(BaseModel):
    value: int
    next_node: "Node | None" = None


class Card(BaseModel):
    kind: Literal["card"]
    card_number: str


class Cash(BaseModel):
    kind: Literal["cash"]
    amount: Annotated[Decimal, Field(gt=0)]


class Aliased(BaseModel):
    city: Annotated[str, Field(alias="cityName")]


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    known_key: int = 0


Payment = Annotated[Card | Cash, Field(discriminator="kind")]


def tool_for(annotation: Any, default: Any = ...) -> Tool[..., Any]:
    """A tool with one parameter, ``some_value``."""

    def take(some_value: Any) -> Any:
        return some_value

    take.__annotations__["some_value"] = annotation
    if default is not ...:
        take.__defaults__ = (default,)
    return tool(description="Take it.")(take)


def schema_for(annotation: Any, default: Any = ...) -> Any:
    return tool_for(annotation, default).parameters["properties"]["some_value"]


def taken(annotation: Any, value: object, default: Any = ...) -> object:
    return tool_for(annotation, default).validate({"some_value": value})["some_value"]


def refusal(offered: Tool[..., Any], arguments: object) -> ToolArgumentError:
    with pytest.raises(ToolArgumentError) as caught:
        offered.validate(arguments)
    return caught.value
