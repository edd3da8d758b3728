"""The state of a call on its way into another process."""

import asyncio
import dataclasses
import enum
import math
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, field_serializer, field_validator

from app.application import Notes, read_state, write_state
from app.application.state import ANOTHER, NO_MORE, unkept

if TYPE_CHECKING:
    from app import Session


class Mood(enum.Enum):
    GOOD = "good"
    BAD = 2


class Size(BaseModel):
    """A model of pydantic inside."""

    width: int = 0
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    count: int
    added: datetime
    mood: Mood
    price: Decimal
    tags: frozenset[str] = frozenset()


@dataclass
class Order:
    """About all that a state is made of."""

    turns: int = 0
    name: str = ""
    is_known: bool = False
    ratio: float = 0.0
    raw: bytes = b""
    born: date | None = None
    at: time | None = None
    patience: timedelta = timedelta()
    id: UUID | None = None
    step: Literal["ask", "pay"] = "ask"
    mood: Mood = Mood.GOOD
    seen: set[str] = field(default_factory=set)
    place: tuple[int, str] = (0, "")
    items: list[Item] = field(default_factory=list)
    by_day: dict[date, list[Item]] = field(default_factory=dict)
    last: deque[int] = field(default_factory=deque)
    size: Size = field(default_factory=Size)
    either: int | str | None = None


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(timezones=st.just(UTC))
ITEMS = st.builds(
    Item,
    name=TEXTS,
    count=st.integers(-(2**53), 2**53),
    added=MOMENTS,
    mood=st.sampled_from(Mood),
    price=st.decimals(allow_nan=False, allow_infinity=False, places=2),
    tags=st.frozensets(TEXTS, max_size=3),
)
ORDERS = st.builds(
    Order,
    turns=st.integers(0, 2**53),
    name=TEXTS,
    is_known=st.booleans(),
    ratio=st.floats(allow_nan=False),
    raw=st.binary(max_size=20),
    born=st.none() | st.dates(),
    at=st.none() | st.times(),
    patience=st.timedeltas(timedelta(days=-900), timedelta(days=900)),
    id=st.none() | st.uuids(),
    step=st.sampled_from(("ask", "pay")),
    mood=st.sampled_from(Mood),
    seen=st.sets(TEXTS, max_size=3),
    place=st.tuples(st.integers(-100, 100), TEXTS),
    items=st.lists(ITEMS, max_size=3),
    by_day=st.dictionaries(st.dates(), st.lists(ITEMS, max_size=2), max_size=2),
    last=st.builds(deque, st.lists(st.integers(0, 9), max_size=3)),
    size=st.builds(Size, width=st.integers(0, 9), label=st.none() | TEXTS),
    either=st.none() | st.integers(0, 9) | TEXTS,
)


def carried(state: Any, fresh: Any) -> tuple[Any, Notes]:
    """A state by way of text, and all that was noted."""
    notes: Notes = {}
    text = orjson.dumps(write_state(state, notes, is_checked=True))
    return read_state(fresh, orjson.loads(text), notes), notes


@settings(max_examples=150, deadline=None)
@given(ORDERS)
def test_a_typed_state_comes_back_equal(order: Order) -> None:
    assert carried(order, Order()) == (order, {})


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_does_not_know_come_back(value: float) -> None:
    back, notes = carried(Order(ratio=value), Order())

    assert str(back.ratio) == str(value)
    assert notes == {}


class Model(BaseModel):
    """A state that is a model of pydantic."""

    interruptions: int = 0
    seen: set[int] = set()


def test_a_model_of_pydantic_is_a_state_too() -> None:
    model = Model(interruptions=3, seen={1, 2})

    assert carried(model, Model()) == (model, {})


class Plain:
    """A class of its own, some of it without annotations."""

    kinds: ClassVar[int] = 3
    moods: list[Mood]

    def __init__(self) -> None:
        self.moods = []
        self.step = "ask"
        self._cache = {1: 2}


def test_a_plain_class_keeps_what_it_has_but_not_what_is_its_own_affair() -> None:
    state = Plain()
    state.moods.append(Mood.BAD)
    state.step, state._cache = "pay", {}
    back, notes = carried(state, Plain())

    assert (back.moods, back.step, back._cache) == ([Mood.BAD], "pay", {1: 2})
    assert notes == {}


def test_a_dict_is_kept_as_far_as_it_is_json() -> None:
    state = {"turns": 1, "names": ["a"], "at": datetime(2026, 1, 1, tzinfo=UTC), "who": object()}
    back, notes = carried(state, {})

    assert back == {"turns": 1, "names": ["a"]}
    assert notes.keys() == {"at", "who"}


@dataclass
class Busy:
    """A state with what cannot leave its process."""

    turns: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    secret: SecretStr | None = None
    anything: Any = None
    session: "Session | None" = None
    _own: object = None


def test_what_cannot_leave_its_process_is_told_and_fresh_there() -> None:
    fresh = Busy()
    state = Busy(turns=2, secret=SecretStr("x"), anything=(1, 2), _own=object())
    back, notes = carried(state, fresh)

    assert unkept(Busy).keys() == {"lock"}
    assert back is fresh
    assert back.turns == 2
    assert notes == {"secret": ANOTHER, "anything": ANOTHER}


def test_a_value_that_does_not_fit_its_annotation_is_left_out() -> None:
    state = Order(turns=2)
    state.seen = ["a", object()]  # type: ignore[assignment]
    back, notes = carried(state, Order())

    assert back == Order(turns=2)
    assert notes.keys() == {"seen"}


class Stubborn(BaseModel):
    """A model whose author lets it fail as it likes."""

    number: int = 0

    @field_validator("number")
    @classmethod
    def refuse_seven(cls, value: int) -> int:
        if value == 7:
            raise RuntimeError("PRIVATE")
        return value

    @field_serializer("number")
    def refuse_eight(self, value: int) -> int:
        if value == 8:
            raise RuntimeError("PRIVATE")
        return value


@dataclass
class Held:
    """A state that holds one."""

    turns: int = 0
    stubborn: Stubborn = field(default_factory=Stubborn)


@pytest.mark.parametrize("number", [7, 8])
def test_an_authors_class_that_fails_costs_nothing_else(number: int) -> None:
    state = Held(turns=2)
    state.stubborn.number = number
    back, notes = carried(state, Held())

    assert back == Held(turns=2)
    assert notes.keys() == {"stubborn"}
    assert "PRIVATE" not in str(notes)


def test_what_a_later_release_does_not_know_is_left_out() -> None:
    notes: Notes = {}
    written = {"turns": 2, "gone": 1, "born": "no date", "name": "Ann"}
    back = read_state(Order(), written, notes)

    assert back == Order(turns=2, name="Ann")
    assert notes["gone"] == NO_MORE
    assert "no date" not in notes["born"]


def test_nothing_of_a_value_stands_in_what_is_noted() -> None:
    notes: Notes = {}
    read_state(Order(), {"items": [{"name": "PRIVATE"}]}, notes)

    assert "items" in notes
    assert "PRIVATE" not in str(notes)


class Reckoned:
    """A later release, which reckons what an earlier one has kept."""

    def __init__(self) -> None:
        self.turns = 0

    @property
    def total(self) -> int:
        return 7


def test_an_attribute_that_is_reckoned_by_now_costs_none_of_the_others() -> None:
    notes: Notes = {}
    back = read_state(Reckoned(), {"total": 3, "turns": 2}, notes)

    assert (back.total, back.turns) == (7, 2)
    assert notes.keys() == {"total"}


def test_a_dict_of_a_class_of_its_own_is_kept_in_it() -> None:
    state: Any = defaultdict(list, {"runs": [1]})
    back, notes = carried(state, defaultdict(list))
    back["more"].append(2)

    assert back == {"runs": [1], "more": [2]}
    assert notes == {}


def test_a_state_of_another_class_is_written_by_its_own() -> None:
    @dataclasses.dataclass
    class Later(Order):
        more: int = 0

    assert carried(Later(turns=1, more=2), Later()) == (Later(turns=1, more=2), {})
