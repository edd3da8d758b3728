"""What people say on a phone besides what they called for."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.llm.offline.brief import caller_name
from app.llm.offline.history import ANYTHING_ELSE
from app.llm.offline.words import content

_AND = r"(?:(?:ok(?:ay)?|great|good|perfect|no|thanks|thank you|well|alright)[\s,.!]+)*"
_HELLO = re.compile(
    r"(?i)\W*(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day))\b"
)
_THANKS = re.compile(rf"(?i)\W*{_AND}(?:thanks?|thank you|cheers)\b")
_BYE = re.compile(
    rf"(?i)\W*{_AND}(?:good\s?bye|bye|see you|hang up|that['’]s all|that is all"
    r"|that will be all|have a (?:nice|good))\b"
)
_NO = re.compile(
    r"(?i)\W*(?:no|nope|nothing)\b(?:\W*(?:thanks?|thank you|else|more|that['’]s|it|all)\b)*\W*$"
)
_YES = re.compile(r"(?i)\W*(?:yes|yeah|yep|sure|please|ok(?:ay)?)\b(?:\W*(?:please|sure)\b)*\W*$")
_HELP = re.compile(
    r"(?i)\W*(?:help\b\W*$|i need help\W*$|who is this|(?:who|what) are you\b"
    r"|what(?:['’]s| is) your (?:name|job)|what (?:can|do) you do"
    r"|(?:can|could) you help(?: me)?\W*$|how can you help|what can i (?:ask|say))"
)
_THERE = re.compile(
    r"(?i).*\b(?:are you (?:still )?(?:there|here)|can you hear me|anybody there)\b"
)
_WHO_AM_I = re.compile(r"(?i).*\b(?:who am i|(?:what(?:['’]s| is)|know) my name)\b")
_NEVER_MIND = re.compile(r"(?i)\W*(?:never ?mind|forget (?:it|that)|skip it)")


@dataclass(frozen=True, slots=True)
class Company:
    """Who is talking.

    Attributes:
        caller: The caller's whole name, empty while it is unknown.
        intro: The model's introduction.
        greeting: How it greets, the first time.
        is_first: Whether it has said nothing yet.
        was_asked: Whether its last words were a question.
        short: Whether few words are wanted.
    """

    caller: str
    intro: str
    greeting: str
    is_first: bool
    was_asked: bool
    short: bool

    @property
    def name(self) -> str:
        """The caller's first name with a comma in front, to be added to a phrase."""
        return f", {self.caller.split(' ')[0]}" if self.caller else ""


def says_thanks(text: str) -> bool:
    """Whether it begins with thanks."""
    return bool(_THANKS.match(text))


def says_goodbye(text: str) -> bool:
    """Whether the caller is about to hang up."""
    return bool(_BYE.match(text))


def chat(text: str, company: Company) -> str:
    """Answer small talk; an empty string if it is none."""
    for answer in _ANSWERS:
        if said := answer(text, company):
            return said
    return ""


def say_goodbye(company: Company) -> str:
    """Take leave."""
    if company.short:
        return f"Goodbye{company.name}."
    return f"Thank you for calling{company.name}. Goodbye."


def _there(text: str, _: Company) -> str:
    return "Yes, I am here. How can I help?" if _THERE.match(text) else ""


def _who(text: str, company: Company) -> str:
    known = company.caller and _WHO_AM_I.match(text)
    return f"Your name is {company.caller}." if known else ""


def _help(text: str, company: Company) -> str:
    return company.intro if _HELP.match(text) else ""


def _thanks(text: str, company: Company) -> str:
    if not _THANKS.match(text):
        return ""
    tail = "" if company.short else f" {ANYTHING_ELSE}"
    return f"You are welcome{company.name}!{tail}"


def _hello(text: str, company: Company) -> str:
    if not _HELLO.match(text) or len(content(text)) > 1:
        return ""
    return company.greeting if company.is_first else f"Hello{company.name}! How can I help?"


def _meet(text: str, _: Company) -> str:
    name = caller_name(text).split(" ")[0]
    return f"Nice to meet you, {name}. How can I help?" if name else ""


def _short_answer(text: str, company: Company) -> str:
    if _NO.match(text):
        bye = " Goodbye." if company.was_asked else ""
        return f"All right{company.name}.{bye}"
    if _NEVER_MIND.match(text):
        return f"All right{company.name}."
    return "What would you like to know?" if _YES.match(text) else ""


_ANSWERS: tuple[Callable[[str, Company], str], ...] = (
    _there,
    _who,
    _help,
    _short_answer,
    _thanks,
    _hello,
    _meet,
)
