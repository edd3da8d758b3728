"""Imperatives addressed to the model: "Tell the caller about the sale.", "Apologise briefly."."""

import re
from collections.abc import Callable

from app.llm.offline.words import sentence, sentences

_THEM = (
    r"(?:(?:the |this |our |your )?(?:callers?|customers?|users?|clients?|guests?|patients?|person)"
    r"|them|him|her|everyone|people)"
)
_OWNED = re.compile(rf"(?i)\b(?:{_THEM}['’]s|their|his(?= \w))\b")
_BEING = re.compile(rf"(?i)\b(?:{_THEM}|they) (is|are|was|were|has|have|needs?|wants?)\b")
_NAMED = re.compile(rf"(?i)\b{_THEM}\b")
_CONDITION = re.compile(
    r"(?i)[,;]?\s+\b(?:if|when|whenever|unless|before|after|until|once|in case)\b.*$"
)
_VERBS = {"is": "are", "are": "are", "was": "were", "were": "were", "has": "have", "have": "have"}

_SO = re.compile(rf"(?i)(?P<fact>[^.!?:]+)[^.!?]*[.!?] tell {_THEM} so\b")
"""A fact, and that it is to be told: "It is closed. Tell the caller so." """

_LONGEST = 2_000
"""The characters an errand may have."""

Recall = Callable[[str], str]
"""Finds the fact that a phrase is about, or an empty string."""

_ERRAND = re.compile(
    r"(?i)^(?:[a-z]+(?: [a-z]+)?:\s+)?"  # a label, such as "URGENT: "
    r"(?:(?:please|now|then|also|and|always|briefly|politely|kindly)[,\s]+)*"
    r"(?P<verb>tell|inform|remind|let|notify|advise|warn|assure|mention|offer|ask|apologi[sz]e"
    r"|thank|greet|welcome|check in|say goodbye|wrap up|continue|go on|carry on|say(?!,)|repeat"
    r"|introduce yourself|announce)\b(?P<rest>.*)$",
    re.DOTALL,
)
_VERB = r"(?:is|are|was|were|has|have|will|can|(?:close|open|end|start)[sd]?)"
_QUESTION_WORD = r"(?:what|when|where|which|who|why|how)"


def address(text: str) -> str:
    """Say to the caller what was said about the caller: "the caller's name" is "your name"."""
    errand = perform(text, recall=lambda _: "")
    return errand or sentence(to_you(text))


def to_you(text: str) -> str:
    """Turn the third person that a prompt uses for the caller into the second."""
    text = _OWNED.sub("your", text)
    text = _BEING.sub(lambda m: f"you {_VERBS.get(m[1].lower(), m[1].rstrip('s'))}", text)
    return re.sub(r"(?i)\bthey\b", "you", _NAMED.sub("you", text))


def to_me(text: str) -> str:
    """Turn a prompt's "you", which is the model, into "I"."""
    text = re.sub(r"(?i)\byou are\b|\byou['’]re\b", "I am", text)
    text = re.sub(r"(?i)\byour\b", "my", text)
    return re.sub(r"(?i)^you\b|(?<=\s)you(?=\s+\w)", "I", text)


def perform(text: str, *, recall: Recall, standing: bool = False, intro: str = "") -> str:
    """Do what one imperative sentence asks, in words; an empty string if it is none.

    Args:
        text: The sentence.
        recall: Looks a phrase up among the facts, for "tell the caller about …".
        standing: True for a rule of the prompt: one with a condition is then left alone.
        intro: What "introduce yourself" says.
    """
    match = _ERRAND.match(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        return ""
    verb, words = match["verb"].lower(), match["rest"].strip()
    rest = words.rstrip(".")
    if standing and _CONDITION.search(f" {rest}"):
        return ""
    if verb in ("say", "repeat"):
        return _repeat(re.sub(r"(?i)^(?:exactly|only|just)?\s*[:,]?\s*", "", words))
    rest, more = _split(rest, loose=verb.startswith("apolog"))
    done = _simple(verb, rest, intro) or _with_object(verb, rest, recall)
    further = perform(more, recall=recall, intro=intro) if done and more else ""
    return f"{done} {further}".strip()


def told(text: str) -> str:
    """What a text that a tool wrote for the model asks to be said; empty if it asks for nothing."""
    if so := _SO.match(text):
        return sentence(so["fact"])
    done = (perform(part, recall=lambda _: "") for part in sentences(text))
    return " ".join(filter(None, done))


def _split(rest: str, *, loose: bool) -> tuple[str, str]:
    """Cut a second errand off: ", and offer to try again"; one not to do something is dropped."""
    parts = re.split(r"\s+and\s+" if loose else r",\s+and\s+", rest, maxsplit=1)
    return (parts[0].rstrip(","), parts[1]) if len(parts) > 1 else (rest, "")


def unquote(text: str) -> str:
    """The inside of quotation marks, if the text begins with one."""
    match = re.match(r"\s*[\"“'‘](.+?)[\"”'’](?=[\s.!?]|$)", text, re.DOTALL)
    return match[1] if match else text.strip()


def _repeat(words: str) -> str:
    """The words to say: quoted as they stand, after "that" as told to the caller."""
    if said := re.match(r"(?i)that\s+(.+)$", words, re.DOTALL):
        return sentence(to_you(to_me(said[1])))
    if greeted := re.match(r"(?i)(hello|hi|goodbye)\s+to\s+(.+)$", words):
        return sentence(re.sub(rf"(?i)\s+{_THEM}(?=\W*$)", "", f"{greeted[1]} {greeted[2]}"))
    words = unquote(words)
    return words[:1].upper() + words[1:]


def _simple(verb: str, rest: str, intro: str) -> str:
    """Errands that need no object."""
    if verb.startswith("apolog"):
        reason = re.search(r"(?i)\bfor\s+(.+)$", rest)
        return sentence(f"I am sorry {'for ' + to_you(reason[1]) if reason else 'about that'}")
    if verb == "thank":
        reason = re.search(r"(?i)\bfor\s+(.+)$", rest)
        found = re.match(rf"(?i)\s*{_THEM}\b", rest)
        return sentence(f"Thank you for {to_you(reason[1])}" if reason else "Thank you") * bool(
            found or not rest
        )
    if verb == "check in" and not re.match(rf"(?i)(?:$|(?:with|on)\s+{_THEM})", rest):
        return ""
    return {
        "greet": "Hello!",
        "welcome": "Welcome!",
        "check in": "Are you still there?",
        "say goodbye": "Thank you for calling. Goodbye.",
        "wrap up": "Thank you for calling. Goodbye.",
        "continue": "Please go on.",
        "go on": "Please go on.",
        "carry on": "Please go on.",
        "introduce yourself": sentence(intro),
    }.get(verb, "")


def _with_object(verb: str, rest: str, recall: Recall) -> str:
    """Errands that pass something on to the caller."""
    aimed = re.match(rf"(?i)({_THEM})\b\s*(?:know\b\s*)?", rest)
    if verb in ("tell", "inform", "remind", "let", "notify", "advise", "warn", "assure"):
        is_about = re.match(r"(?i)about\b", rest)
        return _tell(rest[aimed.end() if aimed else 0 :], recall) if aimed or is_about else ""
    what = rest[aimed.end() :] if aimed else rest
    if verb == "ask":
        begins = re.match(r"(?i)(?:for|about|if|whether)\b", what)
        return _ask(what) if aimed or begins else ""
    if verb == "offer" and (deed := re.match(r"(?i)to\s+(.+)$", what)):
        return f"Shall I {deed[1]}?"
    if verb == "offer" and what and not re.match(r"(?i)(?:me|us)\b", what):
        return sentence(f"I can offer you {to_you(what)}")
    if verb in ("mention", "announce") and what:
        return _tell(what if what.lower().startswith("that ") else f"about {what}", recall)
    return ""


def _tell(what: str, recall: Recall) -> str:
    about = re.match(r"(?i)(?:about|of)\s+(.+)$", what)
    if about:
        return recall(about[1]) or sentence(f"I want to tell you about {to_you(about[1])}")
    if asked := re.match(rf"(?i){_QUESTION_WORD}\b.*$", what):
        return recall(asked[0])
    if order := re.match(r"(?i)to\s+(.+)$", what):
        return sentence(f"Please {to_you(order[1])}")
    noun = re.sub(r"(?i)\s+(?:that|which|who)\b.*$", "", what)
    if re.match(rf"(?i)(?:the|your|their|its)\b(?!.*\b{_VERB}\b)", noun):
        return _tell(f"about {noun}", recall)
    return sentence(to_you(to_me(re.sub(r"(?i)^that\s+|^:\s*", "", what))))


def _ask(what: str) -> str:
    what = to_you(what).rstrip("?")
    if wanted := re.match(r"(?i)for\s+(.+)$", what):
        return f"Could you tell me {wanted[1]}?"
    if doubt := re.match(r"(?i)(?:if|whether)\s+(.+)$", what):
        return f"May I ask whether {doubt[1]}?"
    if order := re.match(r"(?i)to\s+(.+)$", what):
        return sentence(f"Please {order[1]}")
    return f"May I ask {what.removeprefix('about ')}?" if what else ""
