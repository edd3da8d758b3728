"""Decide what to answer: speech, tool calls, or both."""

import json
import re
from dataclasses import dataclass, field
from datetime import date

from app.llm.offline.brief import Brief, caller_name, read_brief, recall
from app.llm.offline.errands import address, perform
from app.llm.offline.history import (
    ANYTHING_ELSE,
    SPOKEN,
    Turn,
    already_said,
    is_cue,
    last_call,
    new_outputs,
    read_turns,
)
from app.llm.offline.intent import Intent, ask_anything, choose, understand
from app.llm.offline.results import find_news, say_result
from app.llm.offline.smalltalk import Company, chat, say_goodbye, says_goodbye, says_thanks
from app.llm.offline.summary import asks_for_summary, summarise
from app.llm.offline.words import is_question, join_words, sentence, sentences
from app.llm.port import ChatRequest, ToolCall, ToolDefinition

_SILENT = re.compile(
    r"(?i)silen|no (?:response|answer|reply|speech|input)|still (?:there|here)"
    r"|not (?:said|spoken|responded|answered|replied)|check in|quiet"
)
_ABOUT_CALLER = re.compile(r"(?i)\s*(?:the )?(?:caller|user|customer)\b")
_CONNECTED = re.compile(
    r"(?i)\b(?:connected|started|begins?|answered|greet|new call|start of)\b(?!.*\bsilen)"
)
_NEVER_STANDING = re.compile(r"(?i)(?:please\s+)?(?:greet|welcome|continue|go on|say|repeat)\b")
_FAREWELL = "hangup, hang up, end the call, goodbye"


@dataclass(slots=True)
class Reply:
    """What the model will do: speak, then call tools."""

    text: str = ""
    intents: list[Intent] = field(default_factory=list)


def decide(request: ChatRequest, today: date) -> Reply:
    """Make the reply to a request; the same request on the same day always gets the same."""
    if asks_for_summary(request):
        return Reply(summarise(request.messages[-1].content))
    return _Talk(request, today).reply()


class _Talk:
    """One reply in the making."""

    def __init__(self, request: ChatRequest, today: date) -> None:
        self.request = request
        self.tools = request.tools
        self.today = today
        self.brief: Brief = read_brief(request.system)
        self.said = already_said(request.messages)
        self.turns: list[Turn] = read_turns(request.messages)
        told = [caller_name(turn.text) for turn in reversed(self.turns)]
        self.caller = self.brief.caller or next(filter(None, told), "")

    def reply(self) -> Reply:
        """Choose by the kind of the last message."""
        last = self.request.messages[-1]
        if self.brief.exact:
            return Reply(self.brief.exact)
        if last.role == "tool":
            return self._dress(self._results())
        if last.role == "assistant":
            return self._unasked()
        if is_cue(last.content) or _ABOUT_CALLER.match(last.content):
            return self._cued(last.content)
        return self._heard(last.content[:SPOKEN])

    def _heard(self, text: str) -> Reply:
        """Answer what the caller said, or do what the application asked for."""
        done = self._perform(sentences(text))
        if done:
            return self._dress(done)
        if says_goodbye(text):
            return self._goodbye()
        if is_question(text) or not says_thanks(text):
            intents = understand(self.turns, self.tools, self._last_call(), self.today)
            if intents:
                return self._use(intents)
        known = chat(text, self._company()) or self._gone(text) or self._know(text)
        asked = ask_anything(text, self.tools) if is_question(text) and not known else []
        return Reply(intents=asked) if asked else self._dress(known or self._lost(text))

    def _use(self, intents: list[Intent]) -> Reply:
        """Call what can be called; else ask for what is missing."""
        ready = [intent for intent in intents if not intent.missing]
        if ready:
            return Reply(intents=ready)
        return self._dress(intents[0].missing[0].question())

    def _results(self) -> str:
        """Say what the tools gave back."""
        asked = self.turns[-1].text if self.turns else ""
        spoken: list[str] = []
        fine = True
        for output in new_outputs(self.request.messages):
            arguments = output.call.arguments if output.call else {}
            text, well = say_result(
                output.content, arguments=arguments, asked=asked, short=self.brief.short
            )
            spoken.append(text)
            fine = fine and well
        if fine and not self.brief.short and not spoken[-1].endswith("?"):
            spoken.append(ANYTHING_ELSE)
        return " ".join(spoken)

    def _cued(self, text: str) -> Reply:
        """React to the platform: the call began, or the caller is silent."""
        if _CONNECTED.search(text) or not self.said:
            return self._dress(self._greeting())
        if _SILENT.search(text):
            return self._dress("Are you still there?")
        done = self._perform([text.strip("()[]<> ")])
        return self._dress(done) if done else self._unasked()

    def _greeting(self) -> str:
        if self.brief.greeting:
            return self.brief.greeting
        name = self._company_name()
        claim = self.brief.claim
        if self.brief.short:
            return f"Hello{name}, {claim}." if claim else f"Hello{name}, how can I help?"
        return " ".join(filter(None, (f"Hello{name}!", sentence(claim), "How can I help?")))

    def _unasked(self) -> Reply:
        """Speak without having been spoken to: a late result, the prompt's errands, or an offer."""
        if news := find_news(self.brief.lines, self.said):
            return self._dress(news, errands=False)
        return self._dress(self._just_asked() or self._errands(again=True) or ANYTHING_ELSE)

    def _just_asked(self) -> str:
        """Do what the prompt's last paragraph asks for, as that of `generate_reply` does."""
        before, _, last = self.request.system.rpartition("\n\n")
        return self._perform(sentences(last)) if before else ""

    def _goodbye(self) -> Reply:
        """Take leave, and hang up where a tool does that."""
        free = [tool for tool in self.tools if not tool.parameters.get("required")]
        tool = choose(_FAREWELL, free, need=2.0)
        return Reply(say_goodbye(self._company()), [Intent(tool, ({},))] if tool else [])

    def _company(self) -> Company:
        claim = sentence(self.brief.claim or "I am an assistant")
        return Company(
            caller=self.caller,
            intro=f"{claim} {self._abilities()}",
            greeting=self._greeting(),
            is_first=not self.said,
            was_asked=len(self.turns) > 1 and self.turns[-2].answer.endswith("?"),
            short=self.brief.short,
        )

    def _company_name(self) -> str:
        return f", {self.caller.split(' ')[0]}" if self.caller else ""

    def _abilities(self) -> str:
        """What the offered tools are for, in their authors' words."""
        able = [_ability(tool) for tool in self.tools[: 1 if self.brief.short else 4]]
        return sentence(f"I can help with: {join_words(able)}") if able else "How can I help?"

    def _know(self, text: str) -> str:
        """Answer a question from the instructions, the context and what the caller told before."""
        if not is_question(text):
            return ""
        told = [turn.text for turn in self.turns[:-1] if not is_question(turn.text)]
        found = "" if self._recall(text) else recall(text, told)
        return self._recall(text) or (_say_fact(_from_caller(found)) if found else "")

    def _recall(self, text: str) -> str:
        found = recall(text, self.brief.lines)
        return _say_fact(found) if found else ""

    def _lost(self, text: str) -> str:
        """Admit that nothing fits, and say what would."""
        if self.brief.short:
            return "Sorry, I cannot help with that."
        able = self._abilities()
        said = text.strip().rstrip(".")
        return (
            f"I have no answer to “{said}”. {able}"
            if is_question(text)
            else (f"You said “{said}”. {able}")
        )

    def _gone(self, text: str) -> str:
        """Decline what only a tool that is no longer offered would have fitted."""
        offered = {tool.name for tool in self.tools}
        used = {call.name for message in self.request.messages for call in message.tool_calls}
        gone = [ToolDefinition(name) for name in sorted(used - offered)]
        if choose(text, gone) is None:
            return ""
        able = "" if self.brief.short else f" {self._abilities()}"
        return f"Sorry, I cannot do that now.{able}"

    def _last_call(self) -> ToolCall | None:
        return last_call(self.request.messages)

    def _perform(self, lines: list[str], *, standing: bool = False) -> str:
        """Do the errands among some sentences, in words."""
        done = (
            perform(line, recall=self._recall, standing=standing, intro=self.brief.claim)
            for line in lines
        )
        return " ".join(filter(None, done))

    def _errands(self, *, again: bool = False) -> str:
        """What the prompt asks to be said, as far as it was not said before, or the last of it."""
        lines = [line for line in self.brief.lines if not _NEVER_STANDING.match(line)]
        done = [text for line in lines if (text := self._perform([line], standing=True))]
        fresh = [text for text in done if text.lower() not in self.said]
        return " ".join(fresh or (done[-1:] if again else []))

    def _dress(self, text: str, *, errands: bool = True) -> Reply:
        """Let the instructions show: who speaks, to whom, in which language, in which frame."""
        more = self._errands() if errands else ""
        if more and more not in text:
            text = f"{text} {more}"
        text = self._name_caller(text)
        text = f"{self._introduction(text)}{text}"
        if self.brief.language:
            text = f"In {self.brief.language}: {text}"
        if manner := self.brief.manner:
            text = f"{manner[0].upper()}{manner[1:]}: {text}"
        text = " ".join(filter(None, (self.brief.before, text, self.brief.after)))
        return Reply(text.upper() if self.brief.capitals else text)

    def _introduction(self, text: str) -> str:
        """Say who is speaking where that was not said before, as after a change of role."""
        badge = self.brief.badge
        if not badge or badge in self.said or badge in text.lower():
            return ""
        if self.brief.short:
            who = self.brief.role.removeprefix("your ") or self.brief.duty or self.brief.name
            return f"{sentence(who).rstrip('.')} here: "
        now = self.brief.claim.replace("I am ", "I am now ", 1) if self.said else self.brief.claim
        return f"{sentence(now)} "

    def _name_caller(self, text: str) -> str:
        """Address the caller by name, once."""
        name = self.caller.split(" ")[0]
        if not name or name.lower() in f"{self.said} {text.lower()}":
            return text
        keep = re.match(r"(?:I\b|I['’]|[A-Z][A-Z])", text)
        return f"{name}, {text if keep else text[:1].lower() + text[1:]}"


def _ability(tool: ToolDefinition) -> str:
    first = next(iter(sentences(tool.description)), tool.name.replace("_", " "))
    first = first.rstrip(".")
    return first if first[:2].isupper() else first[:1].lower() + first[1:]


def _say_fact(line: str) -> str:
    """Say a line of the prompt to the caller; JSON in it is read out."""
    line = re.sub(r"(?i)^(?:context|note|fact|background|system)\s*:\s*", "", line)
    if found := re.search(r"[{\[].*[}\]]", line):
        try:
            json.loads(found.group())
        except ValueError:
            return address(line)
        return say_result(found.group(), arguments={}, asked="", short=False)[0]
    ours = re.match(r"(?i)your (?:opening|office|business|hours|company|shop|store)\b", line)
    return sentence(f"our{line[4:]}") if ours else address(line)


def _from_caller(text: str) -> str:
    """What the caller said about themselves, said back to them."""
    text = re.sub(r"(?i)\bmy\b", "your", text)
    text = re.sub(r"(?i)\bI am\b|\bI['’]m\b", "you are", text)
    return sentence(re.sub(r"\bI\b", "you", text))
