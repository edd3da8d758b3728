"""Every text that a tool call may put before the model, in one place.

They speak to the model, not to the caller: short, what happened, what to do now.
"""

from collections.abc import Collection, Sequence

from app.signature import did_you_mean

STILL_RUNNING = (
    "This takes longer than usual and is still running; the result will follow by itself. "
    "Tell the caller that you are working on it, and do not call the tool again for this."
)
CANCELLED = (
    "This took too long and was stopped, so it may not have been done. Tell the caller that it did "
    "not work, and offer to try again."
)
FAILED = (
    "The tool failed, and trying again at once will not help. Tell the caller that this is not "
    "possible right now, and offer something else."
)
GAVE_UP = "The tool did not finish, and no result will come. Tell the caller that it did not work."
UNREACHABLE = (
    "What does this cannot be reached right now. Tell the caller that it is not possible at the "
    "moment, and offer something else."
)
TOO_MANY = "Too many tools run already. Wait for their results, then call this one again."
CALL_OVER = "The call is over."
UNANSWERED = "Nothing answered this tool call in time. Tell the caller that it did not work."
ALREADY_DONE = "This was done earlier in this call with the same arguments; it is not done twice."
OUTCOME_UNKNOWN = (
    "This was begun earlier in this call with the same arguments and is not begun twice; whether "
    "it succeeded is not known yet."
)
OUTCOME_LOST = (
    "This was begun, and then the connection to what does it was lost: nobody knows whether it was "
    "done. It is not begun again. Tell the caller so, and do not call the tool again for this."
)
NOT_KEPT = (
    "This was not begun: right now it could not be made sure that it happens only once. Tell the "
    "caller that it is not possible at the moment, and offer to try again in a minute."
)
BAD_ARGUMENTS = "Wrong arguments for {name}. Call it again with corrected arguments:"
LATE_RESULT = "The result of {name}, which was still running, has come: {result}"
LATE_FAILURE = "The tool {name}, which was still running, has ended without a result: {reason}"
CUT = "cut from {whole} to {kept} bytes; ask for less"


def unknown_tool(name: str, known: Collection[str]) -> str:
    """The answer to a call of a tool that this call does not have."""
    shown = clean(name, 64)
    offered = ", ".join(sorted(known)[:32])
    rest = f"There are: {offered}." if offered else "There are no tools now."
    return f"There is no tool named {shown!r}{did_you_mean(shown, known) or '.'} {rest}"


def bad_arguments(name: str, problems: Sequence[str], left_out: int = 0) -> str:
    """The answer to arguments that do not fit: what is wrong, line by line."""
    lines = [BAD_ARGUMENTS.format(name=name), *(f"- {problem}" for problem in problems)]
    if left_out:
        lines.append(f"- and {left_out} more")
    return "\n".join(lines)


def clean(text: str, limit: int) -> str:
    """Text from outside, on one line and cut to ``limit`` characters."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: limit + 1].strip())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
