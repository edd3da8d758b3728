"""The stock personas: how somebody talks, whatever they want."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Style:
    """A way of talking.

    Attributes:
        about: The persona in words, for a model that plays it.
        openings: What may stand before a request; one of them is drawn.
        asides: What may follow it.
        asks_again: How often, from 0 to 1, an answer is asked for once more.
        interrupts: How often the answer is cut.
        pauses: How often the caller is silent before speaking.
        pause: For how many seconds.
        confidence: How well the caller is understood.
        patience: How often a goal is asked for before it is given up.
    """

    about: str
    openings: tuple[str, ...] = ("",)
    asides: tuple[str, ...] = ("",)
    asks_again: float = 0.0
    interrupts: float = 0.0
    pauses: float = 0.0
    pause: float = 3.0
    confidence: float = 0.97
    patience: int = 3


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "plain": Style("You are friendly and to the point."),
        "confused": Style(
            "You are confused: you mix things up, and often ask to hear something again.",
            openings=("Um, wait.", "Sorry, I am a bit lost.", "Er, how was that?", ""),
            asks_again=0.5,
            patience=4,
        ),
        "impatient": Style(
            "You are in a hurry: short sentences, and you talk over long answers.",
            openings=("Quickly:", "Come on.", ""),
            interrupts=0.6,
            patience=2,
        ),
        "rambling": Style(
            "You ramble: you tell what happened to you before you come to the point.",
            openings=(
                "Well, you know, I was at my sister's this morning and we were talking.",
                "So, it is a long story, and my neighbour says I should just call.",
                "Where do I begin? It has been quite a day, with the dog and everything.",
            ),
            asides=("Anyway.", "But that is how it goes.", ""),
        ),
        "hesitant": Style(
            "You hesitate: you need time, and break off.",
            openings=("Er …", "Well …", "I am not sure, but"),
            pauses=0.6,
        ),
        "mumbling": Style(
            "You mumble, and are hard to understand.",
            openings=("Mm,", "Uh,", ""),
            confidence=0.55,
            asks_again=0.2,
        ),
        "angry": Style(
            "You are angry: this is not the first time that you call about it.",
            openings=("This is the third time I call!", "Listen!", "I have had enough."),
            asides=("And do it now.", ""),
            interrupts=0.3,
            patience=2,
        ),
        "chatty": Style(
            "You like to talk, and ask the other side how they are.",
            openings=("How are you today?", "Lovely to hear you.", ""),
            asides=("You are very kind.", "Isn't it a nice day?", ""),
        ),
    }
)
