"""What is heard in the queue, and what comes after it."""

from app import (
    DequeueEnded,
    EnqueueEnded,
    QueueWait,
    Session,
    Verb,
    action_hook,
    dequeue,
    hangup,
    leave,
    play,
    say,
)

QUEUE = "support"
MUSIC = "https://example.com/hold-music.mp3"
MAX_WAIT = 600  # seconds


def take_next() -> Verb:
    """Wait a minute for the next caller."""
    return dequeue(QUEUE, beep=True, timeout=60, action_hook=after_conversation)


@action_hook
async def tell_position(session: Session, wait: QueueWait) -> list[Verb]:
    """The position, then music; asked again when that is over."""
    if (wait.queue_time or 0) > MAX_WAIT:
        return [leave()]
    position = (wait.queue_position or 0) + 1  # jambonz counts from 0
    return [say(f"You are number {position} in the queue."), play(MUSIC)]


@action_hook
async def after_waiting(session: Session, ended: EnqueueEnded) -> list[Verb]:
    """Who was served is thanked; who was not is told what to do."""
    if ended.queue_result == "bridged":
        return [say("Thank you for calling. Goodbye."), hangup()]
    return [say("We are sorry that nobody was free. Please call again later."), hangup()]


@action_hook
async def after_conversation(session: Session, ended: DequeueEnded) -> list[Verb]:
    """The next one, until nobody waits."""
    if ended.dequeue_result == "timeout":
        return [say("Nobody waits. Goodbye."), hangup()]
    return [say("You get the next caller."), take_next()]
