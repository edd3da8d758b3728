"""Read a system prompt: who the model is, how it is to speak, and what it knows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from app.llm.offline.errands import unquote
from app.llm.offline.words import content, listed, sentences

_NAME = r"([A-ZÀ-ÖØ-Þ][\w'’-]*(?:[ \t][A-ZÀ-ÖØ-Þ][\w'’-]*){0,2})"
_CALLER = r"(?:caller|customer|user|client|guest|patient|member|subscriber)"
_CALLER_NAME = [
    re.compile(pattern)
    for pattern in (
        rf"(?i:{_CALLER}['’]s (?:full |first )?name(?: is|:| =)?)\s+{_NAME}",
        rf"(?i:{_CALLER}(?: is|:| is called| is named| called| named))\s+{_NAME}",
        rf"(?i:(?:speaking|talking) (?:to|with))\s+{_NAME}",
        rf"(?i:^(?:crm|contact|account|profile|record)[\w ]{{0,16}}:)\s*{_NAME}",
        rf"(?i:\"(?:first_?name|full_?name|caller_?name|name)\"\s*:\s*)\"{_NAME}",
        rf"(?i:(?<!your )\bname(?: is|:| =))\s+{_NAME}",
    )
]
_ROLE = re.compile(
    r"(?i)^(?:from now on[,\s]+|now[,\s]+|please\s+)*(?:you are|you['’]re|act as"
    r"|pretend to be|play|behave like|become|your role is)\s+(?:now\s+)?(?P<role>.+)$"
)
_DUTY = re.compile(
    r"(?i)^you (?P<now>now )?(?:will )?(?P<duty>(?:handle|help|answer|work|represent|speak for"
    r"|assist|support|deal|take|book|sell|manage|run|serve)\b.*)$"
)
_OWN_NAME = re.compile(rf"(?i:^(?:your name is|call yourself|you are called))\s+{_NAME}")
_NOT_A_ROLE = re.compile(
    r"(?i)(?:speaking|talking|not|allowed|able|expected|free|to|in|on|calling|connected)\b"
)
_ROLE_ENDS = re.compile(
    r"(?i)\s+(?:who|that|which|whose|and you|so)\b|[;:(]|\s[-–—]\s|\.\s*$|[.!?]+$"
)
_SHORT = re.compile(
    r"(?i)\b(?:be|keep|stay|remain|make)\b[^.]*\b(?:brief|short|concise|terse)\b"
    r"|\b(?:in|with|use|using)\b[^.]*\b(?:one|a single|a few|short|few|brief)\b[^.]*"
    r"\b(?:sentences?|words?|answers?|replies)\b"
    r"|\b(?:short|brief|concise|terse) (?:answers|replies|sentences|responses)\b"
    r"|\b(?:answer|reply|respond|speak)\b[^.]*\b(?:briefly|concisely|shortly)\b"
)
_LONG = re.compile(r"(?i)\b(?:in detail|detailed|at length|verbose|long answers|talkative)\b")
_EXACT = re.compile(
    r"(?im)^\W*(?:please\s+|only\s+|just\s+|always\s+)*(?:(?:say|repeat)\s+(?:exactly|only|just"
    r"|verbatim|word for word|this)|(?:say|reply|answer|respond)\s*(?=:)|(?:reply|answer|respond)"
    r"\s+(?:only\s+|exactly\s+)?with(?:\s+exactly)?(?=\s*[:\"“]))(?:\s+(?:this|the words|the"
    r" following))?\s*[:,]?\s*(?P<text>\S.*)$"
)
_GREETING = re.compile(
    r"(?im)^\W*(?:greet|welcome|open|answer|begin|start)(?:\s+(?:the|every|each)\s+(?:call|caller"
    r"|conversation|callers))?\s+(?:with|by saying)\s*:?\s*(?P<text>[\"“].+)$"
)
_ALWAYS = re.compile(
    r"(?i)\b(?P<where>begin|start|open|end|finish|close)\s+(?:every|each|all|your)\s+"
    r"(?:of your\s+)?(?:reply|replies|answers?|sentences?|responses?|messages?|turn)\s+"
    r"(?:with|by saying)\s*:?\s*(?P<text>.+)$"
)
_LANGUAGE = re.compile(
    r"(?i)\b(?:speak|answer|reply|respond|talk|switch|write|continue|converse)\b[^.]{0,24}?\b(?P<name>"
    + "|".join(
        listed(
            """english spanish french german italian portuguese dutch polish russian ukrainian
            turkish greek swedish norwegian danish finnish czech hungarian romanian bulgarian
            croatian serbian arabic hebrew persian hindi urdu bengali tamil thai vietnamese
            indonesian malay japanese korean chinese mandarin cantonese swahili catalan"""
        )
    )
    + r")\b"
)
_CAPITALS = re.compile(
    r"(?i)\b(?:in|use|with)\s+(?:all[ -]?)?(?:caps|capitals|capital letters|upper[ -]?case)\b"
)
_LIKE = re.compile(
    r"(?i)\b(?:speak|talk|answer|reply|respond|sound|write)\b[^.]{0,24}?\b"
    r"(?P<how>(?:like|in the (?:style|voice|manner) of)\s+[\w][\w '’-]{1,40})"
)
_RULE = 500
"""The characters a rule may have; what is longer is a fact, and too long for these patterns."""


@dataclass(slots=True)
class Brief:
    """What a system prompt asks for.

    Attributes:
        role: "your friendly weather assistant" or "the front desk of a clinic"; may be empty.
        duty: "handle billing": what it does, where no role is given.
        name: The model's own name.
        caller: The caller's name.
        exact: The words to say and no others.
        greeting: The words to begin the call with.
        short: Whether to use few words.
        language: The language to speak, where it isn't English.
        manner: How to speak, such as "like a pirate".
        capitals: Whether to use capital letters only.
        before: Words to begin every reply with.
        after: Words to end every reply with.
        lines: Every sentence: facts to be looked up, and errands.
    """

    role: str = ""
    duty: str = ""
    name: str = ""
    caller: str = ""
    exact: str = ""
    greeting: str = ""
    short: bool = False
    language: str = ""
    manner: str = ""
    capitals: bool = False
    before: str = ""
    after: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def claim(self) -> str:
        """Who it is, as a clause: "I am your friendly weather assistant"."""
        if self.role:
            return f"I am {self.name}, {self.role}" if self.name else f"I am {self.role}"
        if self.duty:
            return f"{f'I am {self.name}. ' if self.name else ''}I {self.duty}"
        return f"I am {self.name}" if self.name else ""

    @property
    def badge(self) -> str:
        """What marks it as having said who it is."""
        return (self.role.removeprefix("your ") or self.duty or self.name).lower()


@lru_cache(maxsize=64)
def read_brief(system: str) -> Brief:
    """Read a system prompt; what stands later in it wins. Don't change what it returns."""
    brief = Brief()
    lines = []
    for line in system.splitlines():
        if exact := _EXACT.match(line):
            brief.exact = unquote(exact["text"])
        elif greeting := _GREETING.match(line):
            brief.greeting = unquote(greeting["text"])
        else:
            lines += sentences(line)
    for line in lines:
        for read in _READERS if len(line) <= _RULE else ():
            read(brief, line)
    brief.lines = lines
    return brief


@lru_cache(maxsize=2048)
def caller_name(text: str) -> str:
    """The caller's name in a sentence about them, or an empty string."""
    for pattern in _CALLER_NAME:
        if found := pattern.search(text):
            return re.sub(r"['’]s$", "", found[1])
    return ""


def _read_role(brief: Brief, line: str) -> None:
    if match := _OWN_NAME.match(line):
        brief.name = match[1]
    elif (match := _ROLE.match(line)) and not _NOT_A_ROLE.match(match["role"]):
        brief.role, brief.duty = _trim_role(match["role"]), ""
    elif (match := _DUTY.match(line)) and (match["now"] or not brief.role):
        now = "now " if match["now"] else ""
        duty = _ROLE_ENDS.split(match["duty"])[0].strip(" ,.")
        if not _SHORT.search(line):
            brief.role, brief.duty = "", now + duty


def _trim_role(text: str) -> str:
    """Cut a role to its noun phrase; "a weather assistant" becomes "your weather assistant"."""
    text = _ROLE_ENDS.split(text)[0].strip()
    parts = text.split(", ")
    capital = parts[0][:1].isupper()
    adjectives = len(parts) > 1 and len(parts[0].split()) <= 2
    text = ", ".join(parts[:2]) if capital or adjectives else parts[0]
    return re.sub(r"(?i)^an?\s+", "your ", text.strip(" ,"))


def _read_manner(brief: Brief, line: str) -> None:
    if _SHORT.search(line):
        brief.short = True
    elif _LONG.search(line):
        brief.short = False
    if match := _LANGUAGE.search(line):
        name = match["name"].capitalize()
        brief.language = "" if name == "English" else name
    if match := _LIKE.search(line):
        brief.manner = match["how"].strip()
    brief.capitals = brief.capitals or bool(_CAPITALS.search(line))


def _read_frame(brief: Brief, line: str) -> None:
    match = _ALWAYS.search(line)
    if match is None:
        return
    text = unquote(match["text"].rstrip(".") if match["text"][0] not in '"“' else match["text"])
    if match["where"].lower() in ("begin", "start", "open"):
        brief.before = text
    else:
        brief.after = text


def _read_caller(brief: Brief, line: str) -> None:
    brief.caller = caller_name(line) or brief.caller


_READERS: tuple[Callable[[Brief, str], None], ...] = (
    _read_role,
    _read_manner,
    _read_frame,
    _read_caller,
)


def recall(question: str, lines: list[str], ignore: frozenset[str] = frozenset()) -> str:
    """The line that shares most words with a question, or an empty string."""
    wanted = content(question) - ignore
    needed = 1 if len(wanted) <= 2 else 2
    best, best_score = "", 0.0
    for line in lines if wanted else ():
        shared = len(wanted & content(line))
        score = shared - len(line) / 10_000
        least = max(needed, 2) if _ROLE.match(line) else needed
        if shared >= least and score > best_score:
            best, best_score = line, score
    return best
