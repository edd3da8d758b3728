"""A hook that can never serve where it is placed is refused when the verb is made."""

from typing import Any

import pytest

from app.agent import Agent
from app.hook import action_hook, event_hook
from app.protocol import (
    AgentEnded,
    ConferenceEvent,
    ConferenceWait,
    DialConfirm,
    DtmfPressed,
    GatherEnded,
    QueueWait,
    ReferStatus,
    TranscriptHeard,
    TranslationHeard,
    TurnEnd,
    VerbEnded,
)
from app.verbs import (
    Gather,
    Leave,
    Play,
    Render,
    Verb,
    VerbError,
    conference,
    dial,
    enqueue,
    gather,
    pause,
    play,
    room,
    sip_refer,
    transcribe,
)


@action_hook
async def music(wait: QueueWait | ConferenceWait) -> list[Verb]:
    """Serves both kinds of waiting."""
    return [play("https://example.com/music.mp3")]


@action_hook
async def menu(heard: GatherEnded) -> list[Verb]:
    """Goes on after a gather."""
    return []


@action_hook
async def anything(ended: VerbEnded) -> Any:
    """Is told anything."""
    return []


@action_hook
async def silent(wait: QueueWait) -> None:
    """Answers nothing."""


@action_hook
async def asking(wait: QueueWait) -> list[Gather]:
    """Answers with what nobody in a queue can hear."""
    return []


@action_hook
async def leaving(wait: QueueWait) -> Play | list[Play | Leave] | None:
    """Answers with what may be heard."""
    return None


@event_hook
async def heard(said: TranscriptHeard) -> None:
    """Hears what is said."""


@event_hook
async def pressed(keys: DtmfPressed) -> None:
    """Hears keys."""


@event_hook
async def translated(said: TranslationHeard) -> None:
    """Hears a translation."""


@event_hook
async def told(event: ConferenceEvent) -> None:
    """Hears who comes and goes."""


@event_hook
async def progressed(event: ReferStatus) -> None:
    """Hears how a transfer goes."""


@event_hook
async def turned(turn: TurnEnd) -> None:
    """Hears a turn of an agent."""


def collect(verb: Verb) -> Any:
    """The hooks of a verb."""
    render = Render()
    verb.render_verb(render)
    return render.hooks


@pytest.mark.parametrize(
    "make",
    [
        lambda: enqueue("support", wait_hook=music),
        lambda: enqueue("support", wait_hook=anything, action_hook=anything),
        lambda: enqueue("support", wait_hook=leaving),
        lambda: conference("daily", wait_hook=music),
        lambda: gather(action_hook=menu, partial_result_hook=heard),
        lambda: transcribe(heard),
        lambda: transcribe(heard, translation_hook=translated),
        lambda: dial("+15085551212", dtmf_capture=["*9"], dtmf_hook=pressed),
        lambda: room("daily", status_hook=told),
        lambda: sip_refer("sip:desk@example.com", event_hook=progressed),
    ],
)
def test_a_hook_that_fits_is_taken(make: Any) -> None:
    assert collect(make())


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: enqueue("support", wait_hook=menu),
            "enqueue.wait_hook: menu takes GatherEnded, but the wait_hook of enqueue is told "
            "QueueWait; annotate its event `QueueWait`, or give it to another option",
        ),
        (
            lambda: enqueue("support", wait_hook=silent),
            "enqueue.wait_hook: silent returns nothing, but the wait_hook of enqueue must return "
            "verbs out of leave, pause, play, say; annotate it `-> list[Verb]` and return them",
        ),
        (lambda: enqueue("support", wait_hook=asking), "asking returns gather"),
        (lambda: enqueue("support", action_hook=music), "music takes QueueWait, ConferenceWait"),
        (lambda: dial("+15085551212", confirm_hook=menu), "is told DialConfirm"),
        (lambda: dial([{"type": "user", "name": "a", "confirmHook": menu}]), "told DialConfirm"),
        (lambda: transcribe(turned), "turned takes TurnEnd"),
        (lambda: Agent(llm="openai:gpt-4.1-mini", action_hook=menu), "is told AgentEnded"),
    ],
)
def test_a_hook_that_can_never_serve_is_refused_with_the_fix(make: Any, text: str) -> None:
    with pytest.raises(VerbError) as refused:
        make()

    assert text in str(refused.value)


def test_a_hook_knows_what_its_author_says_it_returns() -> None:
    assert menu.returns == list[Verb]
    assert silent.returns is type(None)


def test_annotations_of_confirm_and_agent_hooks_are_compared_too() -> None:
    @action_hook
    async def confirm(asked: DialConfirm) -> Verb:
        return pause(1)

    @action_hook
    async def over(ended: AgentEnded) -> None: ...

    assert collect(dial("+15085551212", confirm_hook=confirm))
    assert collect(Agent(llm="openai:gpt-4.1-mini", action_hook=over))
