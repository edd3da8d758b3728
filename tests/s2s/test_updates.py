"""The four updates and the vendors' own events: what goes out, what is refused and why."""

from typing import Any

import pytest

from app import BadUpdate, GenerateReply, InjectContext, UpdateInstructions, UpdateTools
from app.protocol import AgentUpdate
from tests.s2s.least import FLAT, WEATHER, verb

SYSTEM = InjectContext([{"role": "system", "content": "Gold tier."}])
NEW = UpdateInstructions("New.")
TEXT = {"type": "input_text_message"}
SALE = GenerateReply(user_input="Tell of the sale.")
CONTEXT = {
    "type": "conversation.item.create",
    "item": {
        "type": "message",
        "role": "system",
        "content": [{"type": "input_text", "text": "Gold tier."}],
    },
}
UPDATES: list[tuple[str, AgentUpdate, Any]] = [
    *(
        (
            vendor,
            UpdateInstructions("New."),
            [{"type": "session.update", "session": {"instructions": "New."}}],
        )
        for vendor in ("openai", "xai", "qwen", "voicelive", "gptlive")
    ),
    *((vendor, SYSTEM, [CONTEXT]) for vendor in ("openai", "xai", "qwen", "voicelive")),
    (
        "deepgram",
        UpdateInstructions("New."),
        [{"type": "UpdateInstructions", "instructions": "New."}],
    ),
    (
        "ultravox",
        SYSTEM,
        [{"type": "input_text_message", "text": "Gold tier.", "deferResponse": True}],
    ),
    ("ultravox", SALE, [{**TEXT, "text": "Tell of the sale."}]),
    (
        "gptlive",
        SALE,
        [
            {
                "type": "session.context.append",
                "content": [{"type": "input_text", "text": "Tell of the sale."}],
            }
        ],
    ),
    (
        "google",
        InjectContext(
            [{"role": "assistant", "content": "Hi."}, {"role": "system", "content": "Gold."}]
        ),
        [
            {
                "clientContent": {
                    "turns": [
                        {"role": "model", "parts": [{"text": "Hi."}]},
                        {"role": "user", "parts": [{"text": "Gold."}]},
                    ],
                    "turnComplete": False,
                }
            }
        ],
    ),
    (
        "google",
        SALE,
        [
            {
                "clientContent": {
                    "turns": [{"role": "user", "parts": [{"text": "Tell of the sale."}]}],
                    "turnComplete": True,
                }
            }
        ],
    ),
    ("google", GenerateReply(), [{"clientContent": {"turnComplete": True}}]),
]


@pytest.mark.parametrize(("vendor", "update", "events"), UPDATES)
def test_an_update_becomes_the_vendors_own_events(
    vendor: str, update: AgentUpdate, events: Any
) -> None:
    assert verb(vendor).about.dialect.updates(update) == events


def test_new_tools_go_to_openai_as_it_reads_them() -> None:
    made = verb("openai", tools=[WEATHER], tool_hook="/tools")

    assert made.about.dialect.updates(UpdateTools([WEATHER])) == [
        {"type": "session.update", "session": {"tools": [FLAT]}}
    ]


def test_the_type_of_a_newer_openai_session_is_repeated() -> None:
    made = verb("openai", llm_options={"session_update": {"type": "realtime"}})

    assert made.about.dialect.updates(UpdateInstructions("New.")) == [
        {"type": "session.update", "session": {"type": "realtime", "instructions": "New."}}
    ]


def test_gpt_live_wants_the_whole_delegation_for_new_tools() -> None:
    made = verb("gptlive", tools=[WEATHER], tool_hook="/tools")
    other = {"name": "other"}

    assert made.about.dialect.updates(UpdateTools([other])) == [
        {
            "type": "session.update",
            "session": {
                "delegation": {
                    "type": "responses",
                    "responses": {"model": "gpt-5.5", "tools": [{"type": "function", **other}]},
                }
            },
        }
    ]


@pytest.mark.parametrize(
    ("vendor", "update", "reason"),
    [
        ("openai", SALE, "response.create"),
        ("ultravox", NEW, "inject_context"),
        ("ultravox", UpdateTools([WEATHER]), "at its start"),
        ("ultravox", GenerateReply(), "needs a text"),
        ("google", NEW, "at the start"),
        ("google", UpdateTools([WEATHER]), "at the start"),
        ("deepgram", SALE, "InjectAgentMessage"),
        ("deepgram", SYSTEM, "update_instructions"),
        ("deepgram", UpdateTools([WEATHER]), "at its start"),
        ("elevenlabs", SYSTEM, "ignores every update"),
        ("nova", SYSTEM, "nothing is published"),
        ("someone-new", SYSTEM, "not known here"),
        ("openai", UpdateTools([WEATHER]), "without a tool hook"),
        ("openai", InjectContext([{"role": "user", "content": [{"a": 1}]}]), "texts"),
    ],
)
def test_what_a_vendor_cannot_do_is_refused_with_the_reason(
    vendor: str, update: AgentUpdate, reason: str
) -> None:
    with pytest.raises(BadUpdate, match=reason):
        verb(vendor).about.dialect.updates(update)


ALLOWED = {
    "openai": [
        "session.update",
        "conversation.item.create",
        "conversation.item.delete",
        "response.cancel",
    ],
    "ultravox": ["input_text_message"],
    "deepgram": ["UpdateInstructions", "UpdateSpeak", "InjectAgentMessage"],
}


@pytest.mark.parametrize("vendor", ALLOWED)
def test_the_events_that_jambonz_passes_on_are_taken_and_no_others(vendor: str) -> None:
    dialect = verb(vendor).about.dialect

    assert [dialect.check_event({"type": one}) for one in ALLOWED[vendor]] == [()] * len(
        ALLOWED[vendor]
    )
    with pytest.raises(BadUpdate, match="jambonz passes on"):
        dialect.check_event({"type": "response.create"})


def test_a_misspelt_event_is_told_the_right_one() -> None:
    with pytest.raises(BadUpdate, match=r"did you mean 'session\.update'"):
        verb("openai").about.dialect.check_event({"type": "session.updte"})


def test_anything_goes_to_google_and_nothing_to_elevenlabs() -> None:
    assert verb("google").about.dialect.check_event({"realtimeInput": {"text": "Hi"}}) == ()
    with pytest.raises(BadUpdate, match="ignores"):
        verb("elevenlabs").about.dialect.check_event({"type": "contextual_update"})
    with pytest.raises(BadUpdate, match="empty"):
        verb("google").about.dialect.check_event({})


def test_where_nothing_is_published_a_warning_says_so() -> None:
    dialect = verb("qwen").about.dialect

    assert "not published" in dialect.check_event({"type": "session.update", "session": {}})[0]
