"""An agent that a person listens to and may cut in on, as may a rule in code.

A supervisor follows a live call, and lets the agent say something at once:

    curl -N http://127.0.0.1:3000/v1/calls/CALL_SID/events -H "Authorization: Bearer $KEY"
    curl http://127.0.0.1:3000/v1/calls/CALL_SID/agent \
      -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \
      -d '{"type": "generate_reply", "interrupt": true,
           "user_input": "Tell the caller that we waive the fee."}'
"""

from app import Agent, Application, Session
from hooks.supervised import calm_down

supervised = Application("/supervised")


@supervised.session_new
async def answer(session: Session) -> Agent:
    """A billing agent that a supervisor, or a rule, interrupts."""
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You handle billing for a telephone company. A late payment costs 15 dollars.",
        event_hooks=[calm_down],
    )
