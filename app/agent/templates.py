"""Templates in prompts: ``{{from}}``, ``{{customerData.tier}}``, filled with data of the call.

A value is data, never instructions: without control characters, of bounded length, and not read
as a template again.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.verbs.errors import Problem
from app.verbs.names import did_you_mean, nearest

MAX_VALUE = 500
# What a lookup told of the caller may be a whole record.
MAX_LOOKUP = 4000

# Braces around quotes or colons are an example in the prompt, not a variable.
VARIABLE = re.compile(r"""\{\{\s*([^{}"':\n]{1,80}?)\s*\}\}""")
SHAPE = re.compile(r"[A-Za-z_]\w*(\.[\w-]+)*")
# Control characters, line separators, marks that turn the writing direction, lone surrogates.
UNSAFE = re.compile(
    " *[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff][\\s\x00-\x1f]*"
)

# Call data with one value.
SCALARS = (
    "call_sid",
    "account_sid",
    "application_sid",
    "direction",
    "from",
    "to",
    "caller_name",
    "trace_id",
    "lookup",
)
# Call data with keys of its own.
GROUPS = ("customerData", "env_vars", "sip.headers", "path", "lookup")
# What people write from habit.
HABITS: Mapping[str, str] = {
    "caller": "from",
    "caller_id": "from",
    "caller_number": "from",
    "called_number": "to",
    "name": "caller_name",
    "number": "from",
    "phone": "from",
    "phone_number": "from",
    "headers": "sip.headers",
    "tag": "customerData",
    "metadata": "customerData",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt with variables.

    Attributes:
        texts: What stands before, between and behind the variables.
        names: The variables.
    """

    texts: tuple[str, ...]
    names: tuple[str, ...]

    def fill(self, values: Mapping[str, object], own: Mapping[str, object]) -> str:
        """The prompt for one call; what is missing is empty."""
        parts = [self.texts[0]]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            limit = MAX_LOOKUP if name.partition(".")[0] == "lookup" else MAX_VALUE
            parts.append(clean(look_up(name, own if is_own(name, own) else values), limit))
            parts.append(text)
        return "".join(parts)


def compile_template(text: str) -> Template | None:
    """The template in a text, or None where it has no variable."""
    if "{{" not in text:
        return None
    parts = VARIABLE.split(text)
    return Template(tuple(parts[::2]), tuple(parts[1::2])) if len(parts) > 1 else None


def check_variable(name: str, own: Mapping[str, object]) -> Problem | None:
    """What is wrong with a variable, as far as can be known before a call."""
    if name in SCALARS or exists(name, own):
        return None
    if SHAPE.fullmatch(name) and any(name.startswith(f"{group}.") for group in GROUPS):
        return None
    if name in (*GROUPS, "sip"):
        group = "sip.headers" if name == "sip" else name
        return Problem(f"variable '{{{{{name}}}}}' needs a key, as in '{{{{{group}.key}}}}'")
    close = nearest_variable(name, own)
    known = ", ".join([*SCALARS, *(f"{group}.…" for group in GROUPS), *own])
    hint = did_you_mean(close) or f"; known: {known}, and your own by variables={{…}}"
    return Problem(f"unknown variable {name!r}{hint}", suggestion=close)


def check_prompt(text: str) -> str | None:
    """What is wrong with the variables of a prompt, as far as can be known before a call."""
    for name in VARIABLE.findall(text):
        problem = check_variable(name, {})
        if problem is not None:
            return problem.text
    return None


def nearest_variable(name: str, own: Mapping[str, object]) -> str | None:
    """The variable that was probably meant."""
    root, dot, key = re.split(r"[^\w.-]", name, maxsplit=1)[0].partition(".")
    if not dot:
        return HABITS.get(root) or nearest(root, [*SCALARS, *own])
    habit = HABITS.get(root) or nearest(root, [*GROUPS, *own])
    return f"{habit}.{key}" if habit else None


def is_own(name: str, own: Mapping[str, object]) -> bool:
    """Whether a variable is one of the author's."""
    return name in own or name.partition(".")[0] in own


def exists(name: str, own: Mapping[str, object]) -> bool:
    """Whether one of the author's variables has this name; its value may be None."""
    root, _, rest = name.partition(".")
    inner = own.get(root)
    return name in own or (isinstance(inner, Mapping) and bool(rest) and exists(rest, inner))


def look_up(name: str, values: Mapping[str, object]) -> object:
    """The value of a dotted name, flat or nested; None where there is none."""
    if name in values:
        return values[name]
    root, _, rest = name.partition(".")
    if root == "customerData" and root not in values:
        root = "customerdata"  # as inbound session:new spells it
    inner: Any = values.get(root)
    if root == "sip" and isinstance(inner, Mapping):
        return look_up_header(rest.removeprefix("headers."), inner.get("headers"))
    return look_up(rest, inner) if rest and isinstance(inner, Mapping) else None


def look_up_header(name: str, headers: object) -> object:
    """A SIP header, whatever its case."""
    if not isinstance(headers, Mapping):
        return None
    wanted = name.lower()
    return next((value for key, value in headers.items() if str(key).lower() == wanted), None)


def clean(value: object, limit: int = MAX_VALUE) -> str:
    """A value as it may stand in a prompt."""
    if value is None:
        return ""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, Mapping | list | tuple):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return UNSAFE.sub(" ", str(value)[: 2 * limit]).strip()[:limit]
