"""What surrounds a transfer: music before it, and what becomes of the caller after it."""

from app import (
    HoldStarted,
    Session,
    TransferEnded,
    Verb,
    action_hook,
    hangup,
    play,
    say,
    tool,
)

MUSIC = "https://example.com/hold-music.mp3"


@tool
async def take_message(session: Session, message: str) -> str:
    """Take a message for somebody who could not be reached.

    Args:
        message: What the caller wants them to know.
    """
    session.log.info("message_taken", characters=len(message))
    return "The message is passed on."


@action_hook
async def hold_music(session: Session, hold: HoldStarted) -> list[Verb]:
    """Music, while the person is called and briefed."""
    return [play(MUSIC, loop="forever")]


@action_hook
async def after_handoff(session: Session, ended: TransferEnded) -> list[Verb]:
    """The person has talked to the caller; or nobody could, and the agent goes on."""
    if ended.transfer_result == "bridged":
        return [say("Thank you for calling. Goodbye."), hangup()]
    await session.inject_context(
        f"The transfer failed ({ended.transfer_reason}). Offer to take a message."
    )
    return []
