"""What a twin call is told, and what is shown of it."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from app.rest.models import Body, View

__all__ = ["LONGEST", "HeardView", "StepBody", "TwinBody", "TwinCallView"]

LONGEST: Final = 3600.0
MOST_STEPS: Final = 200


def form_of_silence(value: object) -> str:
    """Which member of the union a value belongs to."""
    if value is None:
        return "~none"
    return "~true" if isinstance(value, bool) else "~seconds"


Words = Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"\S")]
Keys = Annotated[str, Field(pattern=r"^[0-9A-D*#]{1,64}$")]
Seed = Annotated[int, Field(ge=0, lt=2**53, strict=False)]  # 7.0 is a whole number in JSON
Seconds = Annotated[float, Field(gt=0, le=600)]
Silence = Annotated[
    Annotated[Literal[True], Tag("~true")]
    | Annotated[Seconds, Tag("~seconds")]
    | Annotated[SkipJsonSchema[None], Tag("~none")],
    Discriminator(form_of_silence),
]
Unset = SkipJsonSchema[None]
Number = Annotated[str, Field(min_length=1, max_length=128)]


class StepBody(Body):
    """One thing that the caller does; exactly one of these."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    say: Annotated[Words | Unset, Field(description="Speak, once the other side is silent.")] = None
    interrupt: Annotated[Words | Unset, Field(description="Speak over what is being said now.")] = (
        None
    )
    press: Annotated[Keys | Unset, Field(description="Press keys.")] = None
    silence: Annotated[
        Silence,
        Field(description="Say nothing for seconds, or until the other side gives up waiting."),
    ] = None
    hang_up: Annotated[Literal[True] | Unset, Field(description="End the call.")] = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        names = list(type(self).model_fields)
        if sum(getattr(self, name) is not None for name in names) != 1:
            text = f"expected exactly one of {', '.join(names)}"
            raise PydanticCustomError("one_step", "{text}", {"text": text})
        return self


def read_step(value: object) -> object:
    """A text alone is said."""
    return {"say": value} if isinstance(value, str) else value


Step = Annotated[StepBody, BeforeValidator(read_step, json_schema_input_type=StepBody | Words)]


class TwinBody(Body):
    """Whom the twin calls, as whom, and what it does there."""

    application: Annotated[
        str,
        Field(
            max_length=512,
            pattern=r"^/[^\s#]*$",
            description="Path of an application of this server, for example `/weather`.",
        ),
    ]
    script: Annotated[
        list[Step],
        Field(
            default_factory=list,
            max_length=MOST_STEPS,
            description="What the caller does, in order; a text is said. None waits for steps.",
        ),
    ]
    hang_up: Annotated[bool, Field(description="Hang up at the end of the script.")] = True
    from_: Annotated[Number, Field(alias="from", description="The caller's number.")] = (
        "+15085551212"
    )
    to: Annotated[Number, Field(description="The dialled number.")] = "+16175550100"
    caller_name: Annotated[str, Field(max_length=128)] = ""
    env: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="Values of the application's env vars."),
    ]
    tag: Annotated[
        dict[str, Any], Field(default_factory=dict, description="The call's `customerData`.")
    ]
    headers: Annotated[
        dict[str, str], Field(default_factory=dict, description="SIP headers of the INVITE.")
    ]
    llm: Annotated[
        Words | None,
        Field(
            description="`vendor:model` that plays the agent's, or `offline`, which needs no key; "
            "by default the agent's own vendor where there is a key for it, else `offline`."
        ),
    ] = None
    pace: Annotated[
        Literal["instant", "natural"],
        Field(description="`natural`: speech and silence take the time that they take."),
    ] = "instant"
    seed: Annotated[
        Seed | None, Field(description="The same seed draws the same times and ids.")
    ] = None
    limit: Annotated[
        float, Field(gt=0, le=LONGEST, description="Seconds after which the twin hangs up.")
    ] = 300.0


class TwinCallView(View):
    """A twin call that goes on."""

    call_sid: Annotated[str, Field(description="The same as in `/v1/calls`.")]
    application: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    started_at: datetime
    steps_left: Annotated[int, Field(description="Of the script.")]


class HeardView(View):
    """What came of a step."""

    heard: Annotated[str, Field(description="What was said to the caller since.")]
    is_over: Annotated[bool, Field(description="Whether the call has ended.")]
