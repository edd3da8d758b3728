"""The prompt of a stored agent: the operator's words, and what is added behind them."""

from app.agent.templates import compile_template
from app.stored.prompt import compose

CALL = {"direction": "inbound", "from": "+14155550100", "to": "+14155550199", "caller_name": "K"}


def filled(prompt: str, values: dict[str, object] | None = None, **options: object) -> str:
    """The prompt as a model reads it."""
    sections = ["## Tools\nUse them."]
    text = compose(prompt, sections=sections, **options)  # type: ignore[arg-type]
    template = compile_template(text)
    return template.fill({**CALL, **(values or {})}, {}) if template else text


def test_a_prompt_that_names_no_call_data_is_followed_by_it() -> None:
    text = filled("You answer the phone.")
    assert text.startswith("You answer the phone.\n\n## This call\nDirection: inbound\n")
    assert "From: +14155550100" in text
    assert text.endswith("\n\n## Tools\nUse them.")


def test_a_prompt_that_names_call_data_has_it_once() -> None:
    assert "## This call" not in filled("You speak with {{from}}.")


def test_what_a_lookup_told_is_in_the_prompt() -> None:
    known: dict[str, object] = {"lookup": {"name": "Mrs Kofi", "orders": 2}}
    assert '{"name": "Mrs Kofi", "orders": 2}' in filled("Hello.", known, has_lookup=True)
    assert "Greet Mrs Kofi." in filled("Greet {{lookup.name}}.", known, has_lookup=True)
    assert "on record" not in filled("Greet {{lookup.name}}.", known, has_lookup=True)
    assert "on record" not in filled("Hello.")


def test_the_first_words_of_a_realtime_model_stand_in_its_prompt() -> None:
    text = filled("Hello.", greeting="Good day, {{caller_name}}!")
    assert 'Begin the call by saying: "Good day, K!"' in text
