"""Valid options for the speech-to-speech verbs: each vendor wants its own objects."""

from typing import Any

from hypothesis import strategies as st

from app.s2s import SpeechToSpeech
from app.verbs import VERBS, Part

FAMILY: dict[str, type[SpeechToSpeech]] = {
    name: kind for name, kind in VERBS.items() if issubclass(kind, SpeechToSpeech)
}
KEY = {"apiKey": "k"}
AUTH: dict[str, Any] = {
    "elevenlabs_s2s": st.sampled_from([{"agent_id": "a"}, {"agent_id": "a", "api_key": "k"}]),
    "voicelive_s2s": st.sampled_from([KEY, {"accessToken": "t"}]),
    "nova_s2s": st.just({"accessKeyId": "i", "secretAccessKey": "s", "region": "us-east-1"}),
}
RESPONSES = {"type": "responses", "responses": {"model": "gpt-5.5"}}
LLM_OPTIONS: dict[str, Any] = {
    "llm": st.just({"messages": [{"role": "system", "content": "Be kind."}]}),
    "elevenlabs_s2s": st.sampled_from([{}, {"input_sample_rate": 8000}]),
    "gptlive_s2s": st.just({"session_update": {"delegation": RESPONSES}}),
    "voicelive_s2s": st.just({"session_update": {"voice": "v"}, "response_create": {}}),
    "nova_s2s": st.sampled_from(
        [{"greeting": "Greet."}, {"history": [{"role": "user", "content": "Hello"}]}]
    ),
}
NEEDS: dict[str, tuple[str, ...]] = {
    "elevenlabs_s2s": ("auth",),
    "nova_s2s": ("auth",),
    "gptlive_s2s": ("auth", "llm_options"),
    "voicelive_s2s": ("auth", "connect_options", "llm_options"),
}


def needed() -> dict[type[Part], tuple[str, ...]]:
    """Options that a verb cannot do without."""
    return {kind: NEEDS.get(name, ("llm_options",)) for name, kind in FAMILY.items()}


def special(tools: Any, events: Any) -> dict[tuple[type[Part] | None, str], Any]:
    """Values that go together, by class and option.

    Args:
        tools: Lists of tools, some of them definitions as JSON.
        events: Values of event_hook.
    """
    found: dict[tuple[type[Part] | None, str], Any] = {}
    for name, kind in FAMILY.items():
        found[kind, "auth"] = AUTH.get(name, st.just(KEY))
        found[kind, "llm_options"] = LLM_OPTIONS.get(name, LLM_OPTIONS["llm"])
        found[kind, "connect_options"] = st.just({"host": "example.com"})
        found[kind, "hangup"] = st.sampled_from([True, {}, {"reason": "done"}])
        found[kind, "tool_hook"] = st.sampled_from(["/tools", {"url": "/tools"}])
        found[kind, "event_hook"] = events
        found[kind, "variables"] = st.just({"shop": "Main Street"})
        found[kind, "vendor"] = st.just(name.removesuffix("_s2s"))
        found[kind, "tools"] = tools
    # Who reads the prompt and the tools of a vendor that is not known, nobody can tell.
    known = st.sampled_from(["openai", "ultravox", "qwen"])
    found |= {(FAMILY[name], "vendor"): known for name in ("llm", "s2s")}
    found[FAMILY["elevenlabs_s2s"], "tools"] = tools.filter(
        lambda items: not any(isinstance(item, dict) for item in items)
    )
    return found
