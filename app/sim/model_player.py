"""A caller whom a language model plays."""

from collections.abc import Callable
from random import Random

from app.llm import ChatMessage, ChatModel, ChatRequest, End, Token, ToolCall, ToolDefinition
from app.sim.check import Check
from app.sim.persona import Move
from app.sim.scenario import Persona
from app.sim.styles import STYLES

HANG_UP = ToolDefinition("hang_up", "End the call: all goals are reached, or cannot be.")

PROMPT = """\
You play a person who calls a company by telephone and talks to its voice agent. Stay in your role
and never help as an assistant would. Speak as people do on the telephone: one or two short
sentences at a time, no lists, no stage directions. Tell what you know only when you are asked for
it. Pursue your goals one after another. When all are reached, or you see that one cannot be, say
goodbye and call hang_up.

{about}
{who}
Your goals:
{goals}
What you know:
{facts}"""


class ModelPlayer:
    """Lets a chat model speak for the caller.

    Args:
        persona: Whom to play.
        model: Who plays it; a `ModelError` of its is raised.
        seed: Decides when the caller interrupts and pauses.
    """

    def __init__(self, persona: Persona, model: ChatModel, seed: int) -> None:
        self._model = model
        self._style = STYLES[persona.style]
        self._random = Random(seed)  # noqa: S311  (drawn for variety, and to be repeated)
        self._history: list[ChatMessage] = []
        self._is_over = False
        self._prompt = PROMPT.format(
            about=self._style.about,
            who=persona.who,
            goals="\n".join(f"- {goal.text}" for goal in persona.goals) or "- none",
            facts="\n".join(f"- {name}: {value}" for name, value in persona.facts.items())
            or "- nothing in particular",
        )

    async def next(self, heard: str, is_met: Callable[[Check], bool]) -> Move | None:
        """What to do after what was heard; None hangs up.

        Raises:
            ModelError: If the model fails.
        """
        del is_met
        if self._is_over:
            return None
        self._history.append(ChatMessage("user", heard or "(silence)"))
        text = await self._reply()
        self._history.append(ChatMessage("assistant", text or "(hangs up)"))
        if not text:
            return None
        style, draw = self._style, self._random.random
        return Move(
            text,
            pause=style.pause if draw() < style.pauses else 0.0,
            cut_after=self._random.randint(3, 8) if draw() < style.interrupts else None,
            confidence=style.confidence,
        )

    async def _reply(self) -> str:
        request = ChatRequest(self._prompt, tuple(self._history), tools=(HANG_UP,))
        text = ""
        async for event in self._model.stream(request):
            match event:
                case Token():
                    text += event.text
                case ToolCall():
                    self._is_over = True
                case End(error=error) if error:
                    raise error
        return " ".join(text.split())
