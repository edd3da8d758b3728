"""The table of vendors: where each reads prompt and tools, what it takes back, what it can change.

``source`` says where a row is known from. Read in the source of open-source jambonz 0.9.8 are the
allowed events and the envelopes of openai, google, elevenlabs, deepgram and ultravox; the other
vendors exist in the commercial releases only, so the vendor's own documents and jambonz' published
examples are all there is.
"""

from collections.abc import Mapping

from app.s2s import endings, outputs, shapes, tools, updates
from app.s2s.vendor import Translation, Vendor

REALTIME_EVENTS = frozenset(
    {
        "session.update",
        "conversation.item.create",
        "conversation.item.delete",
        "response.cancel",
    }
)
OPEN_SOURCE = "source of jambonz 0.9.8"


def realtime(name: str) -> dict[str, Translation]:
    """The updates of OpenAI Realtime and those that speak like it."""
    return {
        "update_instructions": updates.session_instructions,
        "inject_context": updates.conversation_items,
        "update_tools": updates.session_tools,
        "generate_reply": updates.NO_RESPONSE.format(name=name),
    }


def none_of(reason: str) -> dict[str, Translation]:
    """A vendor that takes no update."""
    kinds = ("update_instructions", "inject_context", "update_tools", "generate_reply")
    return dict.fromkeys(kinds, reason)


OPENAI = Vendor(
    name="openai",
    instructions=("session_update", "instructions"),
    # The first response is asked for before the session is configured.
    also=(("response_create", "instructions"),),
    tools=("session_update", "tools"),
    write_tools=tools.flat,
    write_output=outputs.conversation_item,
    events=REALTIME_EVENTS,
    is_sure=True,
    updates=realtime("openai"),
    telling=updates.as_context,
    turn_over=endings.realtime,
    turn_events=endings.REALTIME_EVENTS,
    source=OPEN_SOURCE,
)
XAI = Vendor(
    name="xai",
    instructions=("session_update", "instructions"),
    also=(("response_create", "instructions"),),
    tools=("session_update", "tools"),
    write_tools=tools.flat,
    write_output=outputs.conversation_item,
    events=REALTIME_EVENTS,
    updates=realtime("xai"),
    telling=updates.as_context,
    turn_over=endings.realtime,
    turn_events=endings.REALTIME_EVENTS,
    source="published examples of jambonz; as openai",
)
QWEN = Vendor(
    name="qwen",
    instructions=("session_update", "instructions"),
    tools=("session_update", "tools"),
    write_tools=tools.flat,
    write_output=outputs.conversation_item,
    events=REALTIME_EVENTS,
    updates=realtime("qwen"),
    telling=updates.as_context,
    turn_over=endings.realtime,
    turn_events=endings.REALTIME_EVENTS,
    source="jambonz calls it a dialect of OpenAI Realtime; outputs and updates not verified",
)
VOICELIVE = Vendor(
    name="voicelive",
    instructions=("session_update", "instructions"),
    tools=("session_update", "tools"),
    write_tools=tools.flat,
    write_output=outputs.conversation_item,
    events=REALTIME_EVENTS,
    updates=realtime("voicelive"),
    telling=updates.as_context,
    shapes=shapes.VOICELIVE,
    needs=("auth", "connect_options", "llm_options"),
    turn_over=endings.realtime,
    turn_events=endings.REALTIME_EVENTS,
    source="jambonz: Realtime's events, a flat session; outputs and updates not verified",
)
GPTLIVE = Vendor(
    name="gptlive",
    instructions=("session_update", "instructions"),
    tools=("session_update", "delegation", "responses", "tools"),
    write_tools=tools.flat,
    write_output=outputs.delegation_output,
    events=frozenset({"session.update", "session.context.append", "delegation.context.append"}),
    updates={
        "update_instructions": updates.live_instructions,
        "inject_context": updates.live_context,
        "update_tools": updates.live_tools,
        "generate_reply": updates.live_reply,
    },
    telling=updates.as_prompt,
    shapes=shapes.GPTLIVE,
    needs=("auth", "llm_options"),
    channel=(("session_update", "delegation", "type"), "responses"),
    turn_over=endings.realtime,
    turn_events=endings.REALTIME_EVENTS,
    source="schema and published example of jambonz; session.update in mid-call not verified",
)
ULTRAVOX = Vendor(
    name="ultravox",
    instructions=("systemPrompt",),
    tools=("selectedTools",),
    write_tools=tools.temporary,
    write_output=outputs.client_tool_result,
    events=frozenset({"input_text_message"}),
    is_sure=True,
    updates={
        "update_instructions": (
            "ultravox cannot change the prompt of a call: inject_context adds to it"
        ),
        "inject_context": updates.deferred_texts,
        "update_tools": "ultravox cannot change the tools of a call: offer all at its start",
        "generate_reply": updates.text_message,
    },
    telling=updates.as_prompt,
    turn_over=endings.ultravox,
    turn_events=("state", "playback_clear_buffer"),
    source=OPEN_SOURCE + "; deferResponse from Ultravox' own client",
)
GOOGLE = Vendor(
    name="google",
    instructions=("setup", "systemInstruction"),
    write_instructions=lambda text: {"parts": [{"text": text}]},
    tools=("setup", "tools"),
    write_tools=tools.declarations,
    write_output=outputs.tool_response,
    events=None,
    is_sure=True,
    updates={
        "update_instructions": (
            "Gemini Live takes its setup once, at the start: inject_context adds to it"
        ),
        "inject_context": updates.client_content,
        "update_tools": "Gemini Live takes its tools once, at the start: offer all of them there",
        "generate_reply": updates.client_turn,
    },
    telling=updates.as_prompt,
    turn_over=endings.gemini,
    turn_events=("llm_event",),
    source=OPEN_SOURCE + "; clientContent from Google's documents",
)
DEEPGRAM = Vendor(
    name="deepgram",
    instructions=("Settings", "agent", "think", "prompt"),
    tools=("Settings", "agent", "think", "functions"),
    write_tools=tools.bare,
    write_output=outputs.function_call_response,
    events=frozenset({"UpdateInstructions", "UpdateSpeak", "InjectAgentMessage"}),
    is_sure=True,
    updates={
        "update_instructions": updates.update_instructions,
        "inject_context": (
            "jambonz passes no context on to deepgram: put it into update_instructions"
        ),
        "update_tools": "jambonz passes no new functions on to deepgram: offer all at its start",
        "generate_reply": (
            "deepgram's model cannot be asked to speak; a fixed sentence can be spoken: "
            "update_llm({'type': 'InjectAgentMessage', 'message': …})"
        ),
    },
    turn_over=endings.deepgram,
    turn_events=("AgentAudioDone", "UserStartedSpeaking"),
    source=OPEN_SOURCE + "; whether Deepgram's present API still takes UpdateInstructions is not",
)
ELEVENLABS = Vendor(
    name="elevenlabs",
    instructions=(
        "conversation_initiation_client_data",
        "conversation_config_override",
        "agent",
        "prompt",
        "prompt",
    ),
    no_tools="elevenlabs keeps its tools with the agent: declare them there, pass the functions",
    write_output=outputs.elevenlabs_result,
    events=frozenset(),
    is_sure=True,
    updates=none_of("jambonz ignores every update to elevenlabs"),
    shapes=shapes.ELEVENLABS,
    needs=("auth",),
    turn_over=endings.elevenlabs,
    turn_events=("agent_response", "interruption"),
    source=OPEN_SOURCE + "; the prompt's place from ElevenLabs' documents: its agent must allow it",
)
NOVA = Vendor(
    name="nova",
    instructions=("systemPrompt",),
    tools=("promptStart", "toolConfiguration", "tools"),
    write_tools=tools.tool_specs,
    write_output=outputs.as_it_is,
    events=None,
    updates=none_of("nothing is published about updates to nova in mid-call"),
    shapes=shapes.NOVA,
    needs=("auth",),
    source="schema of jambonz, toolSpec from Amazon's documents; outputs not verified",
)


def unknown(name: str) -> Vendor:
    """A vendor that is not in the table: tools are dispatched, all else is the author's affair."""
    return Vendor(
        name=name,
        write_output=outputs.as_it_is,
        events=None,
        updates=none_of(f"vendor {name!r} is not known here: use update_llm with its own events"),
        source="not known",
    )


ALL = (
    *(OPENAI, GOOGLE, ELEVENLABS, DEEPGRAM, ULTRAVOX),
    *(QWEN, GPTLIVE, VOICELIVE, NOVA, XAI),
)
VENDORS: Mapping[str, Vendor] = {
    **{vendor.name: vendor for vendor in ALL},
    # jambonz' other names for two of them.
    "microsoft": OPENAI,
    "voiceagent": DEEPGRAM,
}


def vendor_of(name: str) -> Vendor:
    """The row of a vendor, or one that knows nothing."""
    return VENDORS.get(name) or unknown(name)
