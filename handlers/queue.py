"""A queue in two applications: who waits calls /queue, who takes the next caller /queue/agent."""

from app import Application, Session, Verb, answer, enqueue, say
from hooks.queue import QUEUE, after_waiting, take_next, tell_position

queue = Application("/queue")
agent = Application("/queue/agent")


@queue.session_new
async def wait(session: Session) -> list[Verb]:
    """A queue with hold music that tells the position."""
    return [
        answer(),
        say("All our lines are busy."),
        enqueue(QUEUE, wait_hook=tell_position, action_hook=after_waiting),
    ]


@agent.session_new
async def serve(session: Session) -> list[Verb]:
    """Where a person dials in to take the callers of the queue, one by one."""
    return [say("You get the next caller."), take_next()]
