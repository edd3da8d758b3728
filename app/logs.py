"""Structured logs: one JSON object a line, or a coloured line on a terminal.

Every line has ``timestamp``, ``level`` and ``event``, and ``event`` is one of `Event`. What a
person said, typed or is called goes under keys made by `pii`, which one processor drops unless
``CORDBOARD_LOG_PII=1``.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum, auto
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from app.settings import Settings

PII: Final = "pii."
"""What a key with personal data begins with."""

_IDS: Final = ("call_sid", "account_sid", "trace_id")
_ID_SHOWN: Final = 8
_EVENT_WIDTH: Final = 14
_HIDDEN: Final = "(hidden)"
_SECRET_NAMES: Final = frozenset(
    {
        *("accesskey", "accesstoken", "apikey", "apikeys", "auth", "authorization", "cookie"),
        *("password", "proxyauthorization", "secret", "secretaccesskey", "setcookie", "token"),
        *("wspassword", "xapikey"),
    }
)
_DEEPEST: Final = 6
_LONG_NUMBER: Final = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}")


class Event(StrEnum):
    """What a log line can be about. The names are stable: alerts may hang on them."""

    LISTENING = auto()
    DRAINING = auto()
    SESSION_BEYOND_REPAIR = auto()

    UPGRADE_REFUSED = auto()
    NO_FIRST_MESSAGE = auto()
    CLIENT_NOT_READING = auto()
    SOCKET_LOST = auto()
    SESSION_RECONNECTED = auto()
    RECONNECT_WITHOUT_STATE = auto()

    CALL_STARTED = auto()
    CALL_ENDED = auto()
    CALL_NEVER_BEGAN = auto()
    SESSION_NEW_REPEATED = auto()

    MALFORMED_MESSAGE = auto()
    MESSAGE_REFUSED = auto()
    MESSAGE_CUT = auto()
    UNKNOWN_MESSAGE = auto()
    MESSAGE_REPEATED = auto()
    JAMBONZ_ERROR = auto()

    TURN_ENDED = auto()
    AGENT_ENDED = auto()
    AGENT_SETTING_IGNORED = auto()
    AGENT_UPDATED = auto()
    ENV_VAR_IGNORED = auto()
    INSTRUCTIONS_AFTER_SPLIT = auto()
    PROMPT_SPLIT = auto()
    COMMAND_SENT = auto()

    ACK_LET_GO = auto()
    ANSWERED_LATE = auto()
    HANDLER_FAILED = auto()
    HANDLER_RETURNED_NOTHING = auto()
    HOOK_UNANSWERED = auto()
    EVENT_DROPPED = auto()

    TOOL_CALLED = auto()
    TOOL_CALL_LATE = auto()
    TOOL_CALL_GIVEN_UP = auto()
    TOOL_CALL_MALFORMED = auto()
    TOOL_CALLS_OVER_LIMIT = auto()
    TOOL_RESULT_UNUSABLE = auto()
    TOOL_RESULT_UNUSED = auto()
    THREADS_EXHAUSTED = auto()
    TOOL_UNANSWERED = auto()
    LATE_RESULT_UNDELIVERED = auto()

    REST_REQUEST = auto()
    REST_REFUSED = auto()
    REST_FAILED = auto()

    LIBRARY = auto()


def pii(**values: object) -> dict[str, object]:
    """Mark values as personal data: ``log.info(Event.CALL_STARTED, **pii(caller=number))``."""
    return {PII + name: value for name, value in values.items()}


def configure(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging; may be called again.

    Args:
        settings: Gives the level, the format and whether personal data is kept.
        stream: Where the lines go; the standard error output by default.
    """
    out = sys.stderr if stream is None else stream
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    rendering = _rendering(settings, out)
    lines = _Lines(out)
    structlog.configure(
        processors=[*_shared(settings), *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )
    _route_stdlib(_LibraryHandler(lines, rendering, settings), level)


def _shared(settings: Settings) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if settings.log_pii else [drop_pii]),
        hide_secrets,
    ]


def _rendering(settings: Settings, out: TextIO) -> list[Processor]:
    if settings.log_format == "console" or (settings.log_format == "auto" and out.isatty()):
        return [
            _for_people,
            structlog.dev.ConsoleRenderer(
                pad_event_to=_EVENT_WIDTH,
                colors=out.isatty(),
                exception_formatter=_write_traceback,
                sort_keys=False,
                pad_level=False,
            ),
        ]
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        *([] if settings.log_pii else [_mask_exception]),
        _to_json,
    ]


def _for_people(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """Let a line fit a terminal: local time, what happened first, the ids last and cut short."""
    if "timestamp" in line:
        time = datetime.fromisoformat(line["timestamp"]).astimezone()
        line["timestamp"] = time.strftime("%H:%M:%S")
    ids = {key: line.pop(key) for key in _IDS if key in line}
    if line["event"] != Event.CALL_STARTED:  # the line that gives them in full
        ids = {key: str(value)[:_ID_SHOWN] for key, value in ids.items()}
    line.update(ids)
    return line


def drop_pii(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """Drop every key with personal data (a structlog processor)."""
    for key in [key for key in line if key.startswith(PII)]:
        del line[key]
    return line


def hide_secrets(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """Hide what stands under a name like ``password`` or ``auth`` (a structlog processor)."""
    for key, value in line.items():
        if _is_secret(key):
            line[key] = _HIDDEN
        elif isinstance(value, Mapping | list | tuple):
            line[key] = _without_secrets(value, _DEEPEST)
    return line


def mask_numbers(text: str) -> str:
    """Replace what may be a telephone or card number in free text."""
    return _LONG_NUMBER.sub("(number)", text)


def _is_secret(name: object) -> bool:
    return str(name).lower().replace("-", "").replace("_", "") in _SECRET_NAMES


def _without_secrets(value: object, depth: int) -> object:
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {
            str(key): _HIDDEN if _is_secret(key) else _without_secrets(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(item, depth - 1) for item in value]
    return value


def _mask_exception(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    # The text of an exception is written by anybody: a tool may put a caller's number in it.
    _mask_stacks(line.get("exception"))
    return line


def _mask_stacks(stacks: object) -> None:
    for stack in stacks if isinstance(stacks, list) else ():
        if isinstance(stack, list):
            _mask_stacks(stack)
        elif isinstance(stack, dict):
            stack["exc_value"] = mask_numbers(str(stack.get("exc_value", "")))[:500]
            stack["exc_notes"] = [mask_numbers(str(note)) for note in stack.get("exc_notes", ())]
            _mask_stacks(stack.get("exceptions"))


def _write_traceback(out: TextIO, exc_info: ExcInfo) -> None:
    out.write("\n" + mask_numbers("".join(traceback.format_exception(*exc_info))))


def _to_json(_logger: WrappedLogger, _name: str, line: EventDict) -> str:
    ordered = {key: line.pop(key) for key in ("timestamp", "level", "event") if key in line}
    line = {**ordered, **line}
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _Lines:
    """Where lines go. A log that cannot be written, a closed pipe say, must not end a call."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def msg(self, line: str) -> None:
        """Write one line."""
        try:
            self._out.write(line + "\n")
            self._out.flush()
        except (OSError, ValueError):
            pass

    debug = info = warning = error = critical = exception = log = msg


class _LibraryHandler(logging.Handler):
    """Writes the records of the standard library's logging as lines of ours."""

    def __init__(self, lines: _Lines, rendering: list[Processor], settings: Settings) -> None:
        super().__init__()
        self._lines = lines
        self._processors = [*_shared(settings), *rendering]
        self._log_pii = settings.log_pii

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; one whose arguments do not fit its message is told on stderr."""
        try:
            self._lines.msg(self._line(record))
        except (TypeError, ValueError):
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        line: Any = {
            "event": Event.LIBRARY,
            "logger": record.name,
            "message": message if self._log_pii else mask_numbers(message),
        }
        if record.exc_info:
            line["exc_info"] = record.exc_info
        for processor in self._processors:
            line = processor(None, record.levelname.lower(), line)
        return str(line)


def _route_stdlib(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _LibraryHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.INFO))
    logging.captureWarnings(True)
