"""Structured logs: one JSON object a line, or a coloured line on a terminal.

Every line has ``timestamp``, ``level`` and ``event``, and ``event`` is one of `Event`. What a
person said, typed or is called goes under keys made by `pii`, which one processor drops unless
``CORDBOARD_LOG_PII=1``.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum, auto
from functools import lru_cache, partial
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from app.lines import CALL_IDS, QUICK, Lines
from app.settings import Settings

PII: Final = "pii."
"""What a key with personal data begins with."""

_IDS: Final = ("request_id", "call_sid", "account_sid", "trace_id")
# Written by us or checked on their way in: the quarter of a line's cost that a closer look took.
_OF_OURS: Final = frozenset({"event", "exc_info", "timestamp", "level", *_IDS})
_ID_SHOWN: Final = 8
_EVENT_WIDTH: Final = 14
_HIDDEN: Final = "(hidden)"
_SECRET_NAME: Final = re.compile(
    r"auth|.*(?:accesskey|apikeys?|authorization|cookie|credentials?|passphrase|password|privatekey"
    r"|secret|secretkey|token)"
)
_SECRET_TEXT: Final = re.compile(
    r"(://)[^\s/?#\"'<>]+(?=@)"
    r"|([?&][\w-]*(?:key|password|secret|signature|token)=)[^\s&#\"'<>]+"
    r"|(\bauthorization['\"]?\s?[:=]\s?['\"]?\w+\s+)[^\s'\"]+"
    r"|(\bbearer\s+)(?=\S*\d)[\w.~+/=-]{8,}"
    r"|(/mcp/tools/[^/\s]+/)[\w-]{16,}"
    r"|\b(?:sk|gsk|xai)-[\w-]{16,}",
    re.IGNORECASE,
)
_DEEPEST: Final = 6
_LONG_NUMBER: Final = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}")
_ADDRESS: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # mail and SIP
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"
    r"|(?<![\w:])(?:(?:[\da-f]{1,4}:){3,7}[\da-f]{1,4}|[\da-f:]{0,30}::[\da-f:]{0,30})(?![\w:])",
    re.IGNORECASE,
)


class Event(StrEnum):
    """What a log line can be about. The names are stable: alerts may hang on them."""

    LISTENING = auto()
    FEW_OPEN_FILES = auto()
    RELOADED = auto()
    RELOAD_FAILED = auto()
    RELOAD_OFF = auto()
    DRAINING = auto()
    WORKER_ENDED = auto()
    WORKERS_GIVEN_UP = auto()
    WORKERS_RENEWING = auto()
    WORKERS_RENEWED = auto()
    WORKERS_NOT_RENEWED = auto()
    LOOP_STALLED = auto()
    LOOP_STUCK = auto()
    SESSION_BEYOND_REPAIR = auto()

    KEYS_NOT_REFRESHED = auto()
    SIGNED_IN = auto()
    SIGN_IN_REFUSED = auto()
    RATES_COUNTED_ALONE = auto()
    QUOTA_NOT_REFRESHED = auto()

    UPGRADE_REFUSED = auto()
    NO_FIRST_MESSAGE = auto()
    SILENT_CONNECTION = auto()
    CLIENT_NOT_READING = auto()
    SOCKET_LOST = auto()
    SESSION_RECONNECTED = auto()
    RECONNECT_WITHOUT_STATE = auto()
    TAKE_OVER_LATE = auto()
    CALL_RESUMED = auto()
    CALL_MOVED = auto()
    CHECKPOINT_REFUSED = auto()
    CHECKPOINT_CUT = auto()
    STATE_NOT_KEPT = auto()
    NOT_FOUND_AGAIN = auto()

    CALL_STARTED = auto()
    CALL_REFUSED = auto()
    CALL_ENDED = auto()
    CALL_NEVER_BEGAN = auto()
    SESSION_NEW_REPEATED = auto()

    MALFORMED_MESSAGE = auto()
    MESSAGE_REFUSED = auto()
    MESSAGE_CUT = auto()
    UNKNOWN_MESSAGE = auto()
    UNKNOWN_FIELD = auto()
    MESSAGE_REPEATED = auto()
    JAMBONZ_ERROR = auto()

    TURN_ENDED = auto()
    SLOW_TURN = auto()
    AGENT_ENDED = auto()
    AGENT_SETTING_IGNORED = auto()
    AGENT_FROM_MEMORY = auto()
    AGENT_WITHOUT_KEY = auto()
    CALL_HOOK_FAILED = auto()
    MCP_SERVER_REFUSED = auto()
    SECRET_UNREADABLE = auto()
    CALL_LIMIT_REACHED = auto()
    AGENT_UPDATED = auto()
    ENV_VAR_IGNORED = auto()
    INSTRUCTIONS_AFTER_SPLIT = auto()
    PROMPT_SPLIT = auto()
    COMMAND_SENT = auto()
    UNKNOWN_COMMAND = auto()

    ACK_LET_GO = auto()
    ANSWERED_LATE = auto()
    ANSWER_NOT_ALLOWED = auto()
    HANDLER_FAILED = auto()
    MCP_OFFERED_HERE = auto()
    HANDLER_RETURNED_NOTHING = auto()
    HOOK_UNANSWERED = auto()
    EVENT_DROPPED = auto()
    SPEECH_FAILED = auto()

    AGENT_NOT_REFITTED = auto()
    TOOL_CALLED = auto()
    TOOL_CALL_LATE = auto()
    TOOL_CALL_GIVEN_UP = auto()
    TOOL_CALL_MALFORMED = auto()
    TOOL_CALLS_OVER_LIMIT = auto()
    TOOL_CALL_MOVED = auto()
    TOOL_CALL_RESTORED = auto()
    TOOL_RESULT_UNUSABLE = auto()
    TOOL_RESULT_UNUSED = auto()
    THREADS_EXHAUSTED = auto()
    TOOL_UNANSWERED = auto()
    ONCE_TOOL_REFUSED = auto()
    ONCE_RESULT_NOT_KEPT = auto()
    LATE_RESULT_UNDELIVERED = auto()

    LOOKUP_FAILED = auto()
    KNOWLEDGE_FAILED = auto()
    KNOWLEDGE_WITHOUT_WORKER = auto()
    KNOWLEDGE_WORKER_FAILED = auto()
    KNOWLEDGE_QUESTION_LOST = auto()
    HTTP_TOOL_FAILED = auto()
    HTTP_TOOL_MISSING = auto()

    WEBHOOK_FAILED = auto()
    WEBHOOK_BROKEN = auto()
    WEBHOOKS_FULL = auto()
    WEBHOOKS_WAIT = auto()

    REST_REQUEST = auto()
    REST_REFUSED = auto()
    REST_FAILED = auto()
    STORE_UNAVAILABLE = auto()
    BUS_UNAVAILABLE = auto()
    PEER_SILENT = auto()
    PASS_REFUSED = auto()
    RECORDS_WAIT = auto()
    RECORDS_GO_ON = auto()
    RECORDS_LOST = auto()
    RECORD_REFUSED = auto()
    RECORDS_EXPIRED = auto()
    RECORDS_UNSWEPT = auto()
    BUS_AWAY = auto()
    BUS_BACK = auto()
    CALL_FENCED = auto()
    CALL_TAKEN_OVER = auto()
    CALLS_FORGOTTEN = auto()
    CHECKPOINT_FAILED = auto()
    CHECKPOINTS_FAILED = auto()
    HAND_OVER_FAILED = auto()
    HAND_OVER_REFUSED = auto()
    NODE_NOT_RENEWED = auto()
    NODE_WAS_FROZEN = auto()
    TAKE_OVER_FAILED = auto()
    MCP_CALLED = auto()
    MCP_FAILED = auto()
    MCP_SERVER_CONNECTED = auto()
    MCP_SERVER_AWAY = auto()
    MCP_TOOL_FAILED = auto()
    MCP_TOOL_MISSING = auto()
    TOOLS_NOT_UPDATED = auto()

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
    lines = Lines(out)
    is_quick = not _is_for_people(settings, out) and level <= logging.INFO
    always = {"worker": settings.worker} if settings.worker is not None else {}
    QUICK.use(out if is_quick else None, keeps_pii=settings.log_pii, always=always)
    structlog.configure(
        processors=[*_shared(settings), *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )
    _route_stdlib(_LibraryHandler(lines, rendering, settings), level)


def _shared(settings: Settings) -> list[Processor]:
    return [
        _merge_call_ids,
        structlog.contextvars.merge_contextvars,
        *([] if settings.worker is None else [partial(_say_worker, worker=settings.worker)]),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if settings.log_pii else [drop_pii]),
        hide_secrets,
    ]


def _is_for_people(settings: Settings, out: TextIO) -> bool:
    return settings.log_format == "console" or (settings.log_format == "auto" and out.isatty())


def _rendering(settings: Settings, out: TextIO) -> list[Processor]:
    if _is_for_people(settings, out):
        return [
            _for_people,
            structlog.dev.ConsoleRenderer(
                pad_event_to=_EVENT_WIDTH,
                colors=out.isatty(),
                exception_formatter=partial(_write_traceback, log_pii=settings.log_pii),
                sort_keys=False,
                pad_level=False,
            ),
        ]
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        partial(_mask_exception, log_pii=settings.log_pii),
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


def _merge_call_ids(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """Let a line that an author's code logs carry the ids of its call."""
    for name, value in CALL_IDS.get().items():
        line.setdefault(name, value)
    return line


def _say_worker(_logger: WrappedLogger, _name: str, line: EventDict, *, worker: str) -> EventDict:
    line.setdefault("worker", worker)
    return line


def drop_pii(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """Drop every key with personal data (a structlog processor)."""
    for key in [key for key in line if key.startswith(PII)]:
        del line[key]
    return line


def hide_secrets(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """Hide what stands under a name like ``password`` or ``auth`` (a structlog processor)."""
    for key, value in line.items():
        if key not in _OF_OURS:
            line[key] = _HIDDEN if _is_secret(key) else without_secrets(value, depth=_DEEPEST)
    return line


def mask_personal(text: str) -> str:
    """Replace what may be a telephone or card number or somebody's address in free text."""
    return _ADDRESS.sub("(address)", _LONG_NUMBER.sub("(number)", text))


def mask_secrets(text: str) -> str:
    """Replace what may be a key in free text: credentials in a URL, a bearer token."""
    return _SECRET_TEXT.sub(_without_value, text)


def _without_value(found: re.Match[str]) -> str:
    return (found[found.lastindex] if found.lastindex else "") + _HIDDEN


def without_secrets(value: object, *, depth: int) -> object:
    """A copy of JSON-like data with what may be a key hidden; cut at this depth."""
    if isinstance(value, str):
        return mask_secrets(value)
    if not isinstance(value, Mapping | list | tuple):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {
            str(key): _HIDDEN if _is_secret(key) else without_secrets(item, depth=depth - 1)
            for key, item in value.items()
        }
    return [without_secrets(item, depth=depth - 1) for item in value]


@lru_cache(maxsize=1024)
def _is_secret(name: object) -> bool:
    return _SECRET_NAME.fullmatch(str(name).lower().replace("-", "").replace("_", "")) is not None


def _mask(text: str, *, log_pii: bool) -> str:
    """Mask the text of an exception, which is written by anybody, with anything in it."""
    text = mask_secrets(text)
    return text if log_pii else mask_personal(text)


def _mask_exception(
    _logger: WrappedLogger, _name: str, line: EventDict, *, log_pii: bool
) -> EventDict:
    _mask_stacks(line.get("exception"), partial(_mask, log_pii=log_pii))
    return line


def _mask_stacks(stacks: object, mask: Callable[[str], str]) -> None:
    for stack in stacks if isinstance(stacks, list) else ():
        if isinstance(stack, list):
            _mask_stacks(stack, mask)
        elif isinstance(stack, dict):
            stack["exc_value"] = mask(str(stack.get("exc_value", "")))[:500]
            stack["exc_notes"] = [mask(str(note))[:500] for note in stack.get("exc_notes", ())]
            _mask_stacks(stack.get("exceptions"), mask)


def _write_traceback(out: TextIO, exc_info: ExcInfo, *, log_pii: bool) -> None:
    out.write("\n" + _mask("".join(traceback.format_exception(*exc_info)), log_pii=log_pii))


def _to_json(_logger: WrappedLogger, _name: str, line: EventDict) -> str:
    ordered = {key: line.pop(key) for key in ("timestamp", "level", "event") if key in line}
    line = {**ordered, **line}
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _LibraryHandler(logging.Handler):
    """Writes the records of the standard library's logging as lines of ours."""

    def __init__(self, lines: Lines, rendering: list[Processor], settings: Settings) -> None:
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
            "message": message if self._log_pii else mask_personal(message),
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
    # It tells of a dozen things at every start, the first of them when it is imported.
    logging.getLogger("alembic").setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
