"""What a wrong name in a request was probably meant to be."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.rest.explain import explain


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Square(Part):
    kind: Literal["square"]
    width: int = 1


class Circle(Part):
    kind: Literal["circle"]
    radius: int = 1


Shape = Annotated[Square | Circle, Field(discriminator="kind")]


class Drawing(Part):
    title: str = ""
    shapes: list[Shape] = []
    by_name: dict[str, Shape] = {}
    inner: "Drawing | None" = None


def explained(value: object) -> list[tuple[str, str]]:
    adapter = TypeAdapter(Drawing)
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return explain(error, adapter)
    return []


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    assert explained({"titel": ""}) == [("titel", "is not known here; did you mean 'title'?")]


def test_a_name_like_no_other_is_to_be_removed() -> None:
    assert explained({"zzzz": ""}) == [("zzzz", "is not known here; remove it")]


def test_lists_unions_maps_and_circles_are_looked_into() -> None:
    radiu = {"kind": "circle", "radiu": 2}
    value = {"inner": {"inner": {"shapes": [{"kind": "square"}, radiu], "by_name": {"a": radiu}}}}

    (one, said), (other, again) = explained(value)

    assert one.startswith("inner.inner.shapes[1]")
    assert other.startswith("inner.inner.by_name.a")
    assert said == again == "is not known here; did you mean 'radius'?"
