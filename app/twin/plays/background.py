"""The background gather of `config.bargeIn`: it runs under every verb."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin.pending import NoAck
from app.twin.plays.gather import speech_of
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg


class BackgroundGather:
    """Hears the caller where no verb does; the verbs of its hook's ack replace the stack."""

    def __init__(self, leg: "Leg", options: Mapping[str, Any]) -> None:
        self._leg = leg
        self._verb: Verb = {"verb": "gather", **options}
        self._inputs = set(options.get("input") or ["digits"])

    def hear(self, text: str, confidence: float) -> None:
        """Take what the caller said."""
        if "speech" in self._inputs:
            speech = speech_of(text, confidence, is_final=True)
            self._detect({"reason": "speechDetected", "speech": speech})
        else:
            self._leg.log.note("the background gather does not listen to speech")

    def press(self, digits: str) -> None:
        """Take keys that the caller pressed."""
        if self._inputs & {"digits", "dtmf"}:
            self._detect({"reason": "dtmfDetected", "digits": digits})
        else:
            self._leg.log.note("the background gather does not listen to keys")

    def _detect(self, result: dict[str, Any]) -> None:
        if not self._verb.get("sticky"):
            self._leg.background = None
        self._leg.spawn_work(self._ask(result))

    async def _ask(self, result: dict[str, Any]) -> None:
        if not self._verb.get("actionHook"):
            return
        data = self._leg.hooks.result(self._verb, result)
        try:
            verbs = await self._leg.hooks.ask_verbs(self._verb["actionHook"], data)
        except (NoAck, BadInstruction) as failure:
            self._leg.error("invalid actionHook response", str(failure), verb="gather")
            return
        if verbs:
            self._leg.stack.replace(verbs)
