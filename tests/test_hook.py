"""Hooks read their signature once: who gets the session, which events are heard."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.hook import EVENT_CLASSES, Hook, action_hook, event_hook, make_label
from app.protocol import (
    AgentEnded,
    AgentEvent,
    CallStatus,
    ConfigurationError,
    GatherEnded,
    OtherEvent,
    TurnEnd,
    UserInterruption,
    UserTranscript,
)

S = TypeVar("S")


class State:
    pass


class Session(Generic[S]):
    """Stands for the real one: hooks know it by name."""


class OwnSession(Session[State]):
    pass


SESSION: Session[State] = Session()
TURN = TurnEnd(transcript="hello")


def parameters_of(function: Callable[..., object]) -> tuple[str, ...]:
    return event_hook(function).order


# Subscriptions


def test_the_annotation_is_the_subscription() -> None:
    @event_hook
    def heard(session: Session[State], turn: TurnEnd) -> None: ...

    assert heard.events == (TurnEnd,)


def test_a_union_subscribes_to_each_of_its_classes() -> None:
    @event_hook
    def heard(event: UserTranscript | TurnEnd | None) -> None: ...

    assert heard.events == (UserTranscript, TurnEnd)


@pytest.mark.parametrize("annotation", [object, Any, AgentEvent])
def test_a_general_annotation_hears_every_event(annotation: object) -> None:
    def heard(event: Any) -> None: ...

    heard.__annotations__["event"] = annotation

    assert set(event_hook(heard).events) == set(EVENT_CLASSES.values())


def test_without_annotation_every_event_is_heard_also_unknown_ones() -> None:
    @event_hook
    def heard(session, event): ...  # type: ignore[no-untyped-def]

    assert OtherEvent in heard.events
    assert len(heard.events) == len(set(heard.events)) == len(EVENT_CLASSES)


def test_annotated_is_looked_through() -> None:
    @event_hook
    def heard(event: Annotated[TurnEnd, "a note"]) -> None: ...

    assert heard.events == (TurnEnd,)


def test_text_annotations_are_resolved_where_the_hook_is_defined() -> None:
    @event_hook
    def heard(session: "Session[State]", turn: "TurnEnd | UserInterruption") -> None: ...

    assert heard.events == (TurnEnd, UserInterruption)
    assert heard.order == ("session", "event")


def test_event_classes_imported_for_type_checkers_only_are_found() -> None:
    @event_hook
    def heard(summary: "HistorySummarized") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert [kind.__name__ for kind in heard.events] == ["HistorySummarized"]


def test_an_action_hook_tells_the_result_classes_that_it_names() -> None:
    @action_hook
    def ended(session: Session[State], result: AgentEnded | GatherEnded) -> None: ...

    @action_hook
    def free(result: dict[str, object]) -> None: ...

    assert ended.events == (AgentEnded, GatherEnded)
    assert free.events == ()


# Injection


def test_session_and_event_are_given_in_the_order_of_the_signature() -> None:
    @event_hook
    def first(session: Session[State], turn: TurnEnd) -> object:
        return session, turn

    @event_hook
    def second(turn: TurnEnd, its: Session[State]) -> object:
        return its, turn

    assert first.call(SESSION, TURN) == second.call(SESSION, TURN) == (SESSION, TURN)


def test_an_action_hook_may_leave_out_what_it_does_not_need() -> None:
    @action_hook
    def nothing() -> str:
        return "bye"

    @action_hook
    def only_session(session: Session[State]) -> object:
        return session

    @action_hook
    def only_result(ended: AgentEnded) -> object:
        return ended

    assert nothing.call(SESSION, TURN) == "bye"
    assert only_session.call(SESSION, TURN) is SESSION
    assert only_result.call(SESSION, TURN) is TURN
    assert [hook.wants_session for hook in (nothing, only_session, only_result)] == [
        False,
        True,
        False,
    ]


async def test_an_async_hook_gives_an_awaitable() -> None:
    @event_hook
    async def heard(turn: TurnEnd) -> str:
        return turn.transcript

    assert heard.is_async
    assert await heard.call(SESSION, TURN) == "hello"


@pytest.mark.parametrize(
    "annotation",
    [
        "Session",
        "Session[State]",
        "Session[Missing, Env]",
        "app.Session[State]",
        "Session[State] | None",
        "None | elsewhere.Session",
        Session,
        Session[State],
        OwnSession,
        Session[State] | None,
    ],
)
def test_the_session_is_known_by_its_annotation(annotation: object) -> None:
    def heard(turn: TurnEnd, call: Any) -> None: ...

    heard.__annotations__["call"] = annotation

    assert parameters_of(heard) == ("event", "session")


@pytest.mark.parametrize("annotation", ["SessionState", "OtherSession", "list[Session]", int])
def test_a_similar_annotation_is_not_the_session(annotation: object) -> None:
    def ended(call: Any) -> None: ...

    ended.__annotations__["call"] = annotation

    assert not action_hook(ended).wants_session


def test_a_parameter_named_session_needs_no_annotation() -> None:
    @event_hook
    def heard(turn: TurnEnd, session): ...  # type: ignore[no-untyped-def]

    assert heard.order == ("event", "session")


def test_parameters_with_defaults_stay_the_authors() -> None:
    @event_hook
    def heard(turn: TurnEnd, word: str = "x", *, loud: bool = False) -> object:
        return turn, word, loud

    assert heard.call(SESSION, TURN) == (TURN, "x", False)


def test_a_result_parameter_may_have_a_default() -> None:
    @action_hook
    def ended(session: Session[State], result: AgentEnded | None = None) -> object:
        return result

    assert ended.call(SESSION, TURN) is TURN


def test_a_hook_is_still_the_plain_function() -> None:
    @action_hook(name="bye")
    def ended(word: str) -> str:
        return word.upper()

    text: str = ended("bye")

    assert text == "BYE"
    assert ended(word="so long") == "SO LONG"


def test_a_bound_method_can_be_a_hook() -> None:
    class Desk:
        def ended(self, result: AgentEnded) -> object:
            return self, result

    desk = Desk()

    assert action_hook(desk.ended).call(SESSION, TURN) == (desk, TURN)


def test_a_pydantic_model_holds_a_hook_as_it_is() -> None:
    @action_hook
    def ended() -> None: ...

    class Verb(BaseModel):
        action_hook: Hook  # type: ignore[type-arg]

    assert Verb(action_hook=ended).action_hook is ended


# Labels


def on_module_level() -> None: ...


def test_the_label_tells_module_and_function() -> None:
    assert action_hook(on_module_level).label == f"/{__name__}.on_module_level"


def test_a_local_function_has_a_label_without_odd_characters() -> None:
    @action_hook
    def ended() -> None: ...

    here = "test_a_local_function_has_a_label_without_odd_characters"
    assert ended.label == f"/{__name__}.{here}.-.ended"
    assert ended.name == "ended"


def test_a_name_of_ones_own_is_the_label() -> None:
    @action_hook(name="/desk/bye-2")
    def ended() -> None: ...

    assert (ended.name, ended.label) == ("/desk/bye-2", "/desk/bye-2")
    assert action_hook(name="bye")(on_module_level).label == "/bye"


def test_closures_share_a_label_but_are_not_equal() -> None:
    def make() -> Hook[..., Any]:
        @action_hook
        def ended() -> None: ...

        return ended

    one, other = make(), make()

    assert one.label == other.label
    assert one != other
    assert len({one, other}) == 2


@given(st.from_regex(r"[^\W\d]\w{0,20}", fullmatch=True), st.booleans())
def test_any_python_name_gives_a_wire_safe_label(name: str, is_local: bool) -> None:
    def function() -> None: ...

    function.__qualname__ = f"outer.<locals>.{name}" if is_local else name

    label = make_label(function, None)

    assert re.fullmatch(r"/[A-Za-z0-9._/-]+", label)
    assert label == make_label(function, None)


# Errors at decoration


def no_event(session): ...  # type: ignore[no-untyped-def]
def two_events(turn: TurnEnd, word: UserTranscript) -> None: ...
def two_unknown(one, two, three): ...  # type: ignore[no-untyped-def]
def two_sessions(session: Session[State], other: Session[State], turn: TurnEnd) -> None: ...
def many(*events: TurnEnd) -> None: ...
def keywords(turn: TurnEnd, **rest: object) -> None: ...
def by_name(*, turn: TurnEnd) -> None: ...
def misspelt(turn: "TurnEnt") -> None: ...  # type: ignore[name-defined]  # noqa: F821
def no_class(turn: int) -> None: ...
def a_word(turn: Literal["turn_end"]) -> None: ...
def a_list(turns: list[TurnEnd]) -> None: ...
def a_status(status: CallStatus) -> None: ...
def a_result(ended: AgentEnded) -> None: ...
def half(event: TurnEnd | int) -> None: ...
def session_of_text(session: str, turn: TurnEnd) -> None: ...
def late(word: str = "", turn: TurnEnd = TURN) -> None: ...


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (no_event, "takes no event; add a parameter"),
        (two_events, "takes `turn`, `word`; a hook takes a session and one event"),
        (two_unknown, "takes `one`, `two`, `three`"),
        (two_sessions, "takes the session twice"),
        (many, r"\*events: .*TurnEnd cannot be filled"),
        (keywords, r"\*\*rest: object cannot be filled"),
        (by_name, "`turn` is keyword-only"),
        (misspelt, "`turn` is annotated TurnEnt, which is no agent event; did you mean `TurnEnd`?"),
        (no_class, "`turn` is annotated int, which is no agent event. There are: UserTranscript"),
        (a_word, "Literal"),
        (a_list, "list"),
        (a_status, "comes to the application: use its @….call_status"),
        (a_result, "tells how a verb ended: use @action_hook"),
        (half, "annotated int"),
        (session_of_text, "`session` receives the Session, not str; rename it"),
        (late, "session and event come first"),
    ],
)
def test_an_event_hook_that_cannot_be_served_is_an_error(
    function: Callable[..., object], text: str
) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        event_hook(function)

    assert f"{__name__}.{function.__name__} (line " in str(caught.value)


def test_an_action_hook_for_an_agent_event_is_an_error() -> None:
    def heard(turn: TurnEnd) -> None: ...

    with pytest.raises(ConfigurationError, match="is an agent event: use @event_hook"):
        action_hook(heard)


def test_only_functions_can_be_hooks() -> None:
    wrong: Any = action_hook

    with pytest.raises(ConfigurationError, match="decorates a function"):
        wrong(State)
    with pytest.raises(ConfigurationError, match="decorates a function"):
        wrong(wrong(on_module_level))


def test_a_generator_is_no_hook() -> None:
    def yields(turn: TurnEnd) -> Any:
        yield turn

    with pytest.raises(ConfigurationError, match="this one yields"):
        event_hook(yields)


@pytest.mark.parametrize("name", ["", "/", "a b", "http://x/y", "é", "a\n", "//x"])
def test_a_name_that_could_not_be_a_label_is_an_error(name: str) -> None:
    with pytest.raises(ConfigurationError, match="may hold only letters"):
        action_hook(name=name)(on_module_level)
