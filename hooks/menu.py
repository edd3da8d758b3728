"""What the menu does with the caller's choice."""

from app import GatherEnded, Session, Verb, action_hook, gather, hangup, say

CHOICES = {
    "1": ("hours", "We are open from nine to five, Monday to Friday."),
    "2": ("address", "You find us at the corner of Main Street and Second Avenue."),
    "3": ("goodbye", ""),
}
MAX_TRIES = 3


def menu(prompt: str) -> Verb:
    """Ask, and hear either a key or a word."""
    return gather(
        input=["speech", "digits"],
        num_digits=1,
        timeout=8,
        say={"text": prompt},
        action_hook=choose,
    )


@action_hook
async def choose(session: Session[dict[str, int]], heard: GatherEnded) -> list[Verb]:
    """Answer a choice by key or by word; after three tries without one, hang up."""
    choice = heard.digits or key_of(heard.transcript)
    if choice == "3":
        return [say("Thank you for calling. Goodbye."), hangup()]
    if choice in CHOICES:
        return [menu(f"{CHOICES[choice][1]} What else?")]
    tries = session.state["tries"] = session.state.get("tries", 0) + 1
    if tries >= MAX_TRIES:
        return [say("We did not understand you. Goodbye."), hangup()]
    return [menu("Please press or say one of: 1, hours; 2, address; 3, goodbye.")]


def key_of(words: str) -> str:
    """The key whose word was said."""
    lowered = words.lower()
    return next((key for key, (word, _) in CHOICES.items() if word in lowered), "")
