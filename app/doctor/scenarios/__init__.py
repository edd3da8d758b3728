"""What the doctor does with an application: each scenario is a call, or a few."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from app.doctor.desk import Desk
from app.doctor.scenarios import edges, losses, overlap, sides, walk


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to try an application.

    Attributes:
        says: What is tried, for people.
        stage: Those of one stage are played together, those of a later one afterwards: what may
            bring an application down comes alone, and where it can be told from the rest.
        run: Tries it, and returns whether there was anything to try; what it saw is in the desk's
            transcripts.
    """

    says: str
    run: Callable[[Desk], Awaitable[bool]]
    stage: int = 2


SCENARIOS: Mapping[str, Scenario] = {
    "opening": Scenario("a call that is hung up at once", edges.opening, 0),
    "hooks": Scenario("every hook, tool and event that its verbs name", walk.hooks, 1),
    "overlap": Scenario("two hooks at the same time", overlap.overlap),
    "reconnect": Scenario("a lost socket", losses.reconnect),
    "outbound": Scenario("an outbound call, whose statuses come first", sides.outbound),
    "adulting": Scenario("a dialled leg that becomes a call of its own", sides.adulting),
    "password": Scenario("a wrong password", sides.password),
    "form": Scenario("the env vars that the portal asks for", sides.form),
    "unknown": Scenario("message types and fields that are not known yet", edges.unknown, 3),
    "malformed": Scenario("a frame that is not JSON", edges.malformed, 4),
}
"""By their names in `--only`."""
