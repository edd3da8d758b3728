"""When the agent is told to stop and say something else."""

from app import Session, UserTranscript, event_hook

ALARMING = ("lawyer", "sue you", "complain", "cancel my contract")


@event_hook
async def calm_down(session: Session, heard: UserTranscript) -> None:
    """A caller who is about to leave is not argued with, whatever the agent was about to say."""
    if any(words in heard.transcript.lower() for words in ALARMING):
        session.log.warning("caller_is_upset")
        await session.generate_reply(
            user_input="Apologise for the trouble, and offer to have a supervisor call back today.",
            interrupt=True,
        )
