"""How a call asks its application: hooks and their acks, events."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin import http
from app.twin.pending import NoAck
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction, check
from app.twin.wire import snake

if TYPE_CHECKING:
    from app.twin.leg import Leg


def name_of(hook: Any) -> str:
    """A hook as the message carries it: as written in the verb, or its `url`."""
    return str(hook.get("url", "")) if isinstance(hook, Mapping) else str(hook)


class Hooks:
    """Sends hooks and events of one call."""

    def __init__(self, leg: "Leg") -> None:
        self._leg = leg

    def check(self, instructions: Any) -> list[Verb]:
        """Read verbs; bad ones are told as jambonz:error.

        Raises:
            BadInstruction: If jambonz refuses them.
        """
        try:
            return check(instructions, understands_agent=self._leg.platform.understands_agent)
        except BadInstruction as failure:
            extra = {"verb": failure.verb} if failure.verb else {}
            self._leg.error("invalid instruction", str(failure), **extra)
            raise

    async def ask(self, hook: Any, data: Mapping[str, Any], type_: str = "verb:hook") -> Any:
        """Send a hook and return the data of its ack.

        Raises:
            NoAck: If none comes in time.
        """
        name = name_of(hook)
        payload = snake(dict(data))
        if http.is_http(name):
            return await http.post(self._leg.log, hook, payload, pin=self._leg.platform.pin)
        return await self._leg.line.request(type_, payload, name)

    async def ask_verbs(
        self, hook: Any, data: Mapping[str, Any], type_: str = "verb:hook"
    ) -> list[Verb]:
        """Send a hook and return the verbs of its ack.

        Raises:
            NoAck: If none comes in time.
            BadInstruction: If jambonz refuses them.
        """
        return self.check(await self.ask(hook, data, type_))

    async def action(self, verb: Verb, results: Mapping[str, Any]) -> None:
        """Tell a verb's result; the verbs of the ack replace the stack.

        Raises:
            NoAck, BadInstruction: As `ask_verbs`.
        """
        if not verb.get("actionHook"):
            return
        verbs = await self.ask_verbs(verb["actionHook"], self.result(verb, results))
        if verbs:
            self._leg.stack.put(verbs)

    async def action_logged(self, verb: Verb, results: Mapping[str, Any]) -> None:
        """Tell the result of a verb whose failing hook is only logged: listen and play.

        Raises:
            BadInstruction: If jambonz refuses the verbs.
        """
        try:
            await self.action(verb, results)
        except NoAck as failure:
            self._leg.log.note(f"a hook failed: {failure}", hook=verb["actionHook"])

    def last(self, verb: Verb, results: Mapping[str, Any]) -> None:
        """Tell a result when the caller is gone already; what is answered changes nothing."""
        if hook := verb.get("actionHook"):
            self.tell(hook, self.result(verb, results))

    def tell(self, hook: Any, data: Mapping[str, Any]) -> None:
        """Send a hook now, without waiting for what is answered."""
        if http.is_http(name_of(hook)):
            self.notify(hook, data)
        else:
            self._leg.line.request("verb:hook", snake(dict(data)), name_of(hook))

    def result(self, verb: Verb, results: Mapping[str, Any]) -> dict[str, Any]:
        """The payload of a verb's hook."""
        label = {"verb_id": verb["id"]} if "id" in verb else {}
        return self._leg.info.common() | label | dict(results)

    def notify(self, hook: Any, data: Mapping[str, Any]) -> None:
        """Send a hook in the background; what is answered is ignored."""

        async def work() -> None:
            try:
                if verbs := await self.ask(hook, data):
                    self._leg.log.note("verbs of this ack are ignored", hook=hook, verbs=verbs)
            except NoAck as failure:
                self._leg.log.note(f"no ack: {failure}", hook=hook)

        self._leg.spawn(work())

    async def by_hand(self, name: str, data: Mapping[str, Any]) -> list[Verb]:
        """Send a `verb:hook` that no verb caused; its verbs are returned and not run.

        Raises:
            WaitFailed: If no ack comes.
        """
        leg = self._leg
        try:
            payload = leg.info.common() | snake(dict(data))
            verbs = await leg.line.request("verb:hook", payload, name)
        except NoAck as failure:
            raise leg.log.failure(f"hook {name}: {failure}") from failure
        return verbs if isinstance(verbs, list) else []

    def event(self, data: Mapping[str, Any]) -> None:
        """Send an agent event in the dialect."""
        leg = self._leg
        event = snake(leg.dialect.event_data(data))
        leg.events.append(event)
        leg.log.add("event", event)
        hook = leg.event_hook or "/events"
        if leg.dialect.is_acked or http.is_http(name_of(hook)):
            self.notify(hook, event)
        else:
            leg.line.send(leg.dialect.event, event, name_of(hook))
