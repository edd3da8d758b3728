"""Sum a conversation up, without understanding it: by quoting what the caller said."""

import re

from app.llm.offline.words import join_words
from app.llm.port import ChatRequest

_ASKS = re.compile(r"(?i)\s*(?:please\s+)?(?:summari[sz]e|sum up)\b")
_LINE = re.compile(r"(?im)^(before|caller|user|agent|assistant|agent calls ([^:]+)): *(.+)$")
_QUOTED = 4
"""The most that is quoted of the caller: where it began, and where it came to."""


def asks_for_summary(request: ChatRequest) -> bool:
    """Whether the instructions ask for nothing but a summary of the last message."""
    return (
        not request.tools
        and request.messages[-1].role == "user"
        and bool(_ASKS.match(request.system))
    )


def summarise(story: str) -> str:
    """The summary of a conversation in lines such as "Caller: …" and "Agent: …"."""
    before, said, answers, used = "", [], [], []
    for who, tool, text in _LINE.findall(story):
        match who.lower():
            case "before":
                before = text.strip()
            case "caller" | "user":
                said.append(text.strip().rstrip("."))
            case "agent" | "assistant":
                answers.append(text.strip())
            case _ if tool not in used:
                used.append(tool)
    quoted = said if len(said) <= _QUOTED else [*said[: _QUOTED // 2], *said[-_QUOTED // 2 :]]
    parts = [before]
    if quoted:
        parts.append(f"The caller said: {'; '.join(f'“{text}”' for text in quoted)}.")
    if used:
        parts.append(f"The agent used {join_words(used)}.")
    if answers:
        parts.append(f"The agent last said: “{answers[-1].rstrip('.')}”.")
    return " ".join(filter(None, parts)) or "Nothing was said yet."
