"""What a call knows of itself: who calls whom, its ids, its state and its settings."""

import contextvars
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Generic, cast

import orjson
import structlog
from typing_extensions import TypeVar

from app.application import Application, EnvVars
from app.application.env import read_env
from app.lines import CALL_IDS
from app.organisation import DEFAULT_ORGANISATION, call_key
from app.protocol import MAX_ID, Message
from app.session.stored import StoredVersion

S = TypeVar("S", default=Any)
# Covariant: a function that takes a Session[State] is given one of any env.
E = TypeVar("E", bound=EnvVars, default=EnvVars, covariant=True)  # noqa: PLC0105 - as S


class CallFacts(Generic[S, E]):
    """The facts of one call.

    Attributes:
        application: The application that answers it.
        organisation_id: Whose call it is, as the credentials of its socket tell; that of the
            settings' credentials, and of anybody where none are asked for, is the default one.
        key: What this node keeps the call by; see :func:`app.organisation.call_key`.
        call_sid, account_sid, application_sid, trace_id: Ids, as on the wire.
        direction: ``inbound`` or ``outbound``.
        from_, to, caller_name: As signalled; the caller controls them, so never an identity.
        customer_data: Metadata of the call, set by ``tag`` or when the call was created.
        lookup: What the caller's lookup told: an object, a text, or None; ``{{lookup.name}}``.
        stored_version: Which stored agent answers it, if one does.
        state: The application's state of this call.
        notes: What rooms of this server keep for the call beside that, as JSON, each under a name
            of its own.
        path_params: Parameters of the application's path.
        call_status: The last one known.
        started: When the call began, UTC.
        is_log_plain, log_ids: See :class:`app.lines.Logged`.
    """

    __slots__ = (
        "_context",
        "_data",
        "_env",
        "_has_begun",
        "_identified_by",
        "_log",
        "_opening_text",
        "account_sid",
        "application",
        "application_sid",
        "call_sid",
        "call_status",
        "caller_name",
        "customer_data",
        "direction",
        "from_",
        "is_log_plain",
        "key",
        "log_ids",
        "lookup",
        "notes",
        "organisation_id",
        "path_params",
        "started",
        "state",
        "stored_version",
        "to",
        "trace_id",
    )

    def __init__(
        self,
        application: Application[Any, Any],
        path_params: Mapping[str, str] | None,
        organisation_id: str = DEFAULT_ORGANISATION,
    ) -> None:
        self.application = application
        self.organisation_id = organisation_id
        self.path_params: Mapping[str, str] = path_params or {}
        self.key = self.call_sid = self.account_sid = self.application_sid = self.trace_id = ""
        self.direction = self.from_ = self.to = self.caller_name = self.call_status = ""
        self.customer_data: Mapping[str, Any] = {}
        self.stored_version: StoredVersion | None = None
        self.lookup: Mapping[str, Any] | str | None = None
        self.state: S = application.make_state()
        self.notes: dict[str, Any] = {}
        self.started = datetime.now(UTC)
        self._log: Any = None
        self.is_log_plain = True
        self.log_ids = b""
        self._identified_by = ""
        self._has_begun = False  # statuses of an outbound call come before its session:new
        self._env: E | None = None
        self._context = contextvars.copy_context()  # what the author's code runs in
        self._opening_text = b"{}"
        self._data: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Session({self.application.path!r}, call_sid={self.call_sid!r})"

    @property
    def log(self) -> Any:
        """A structured logger that carries the ids of this call; made when it is first asked for.

        What is bound to it beside the ids, by ``session.log = session.log.bind(…)``, stands in all
        later lines.
        """
        if self._log is None:
            ids = orjson.loads(b"{%b}" % self.log_ids[:-1])
            self._log = structlog.get_logger("cordboard.session").bind(**ids)
        return self._log

    @log.setter
    def log(self, log: Any) -> None:
        self._log, self.is_log_plain = log, False

    @property
    def data(self) -> Mapping[str, Any]:
        """The payload of the first message, ``session:new`` as a rule, parsed when asked for."""
        if self._data is not None:
            return self._data
        data: Mapping[str, Any] = orjson.loads(self._opening_text).get("data") or {}
        return data

    @property
    def env(self) -> E:
        """Values of the application's env vars.

        Raises:
            ConfigurationError: A required variable has no usable value.
        """
        if self._env is not None:
            return self._env
        values = self.data.get("env_vars")
        model = self.application.env_model
        env, complaints = read_env(model, values if isinstance(values, dict) else {})
        if self._has_begun:  # a status of an outbound call, before that, tells none
            self._env = cast(E, env)
            for complaint in complaints:
                self.log.warning("env_var_ignored", complaint=complaint)
        return cast(E, env)

    def identify(self, message: Message) -> None:
        """Let every line that is logged for this call carry its ids, an author's own included."""
        if self._identified_by == message.msgid and self.log_ids:
            return
        data = message.data
        ids = {
            "call_sid": message.call_sid,
            "account_sid": text_of(data, "account_sid")[:MAX_ID],
            "trace_id": (text_of(data, "trace_id") or message.b3.partition("-")[0])[:MAX_ID],
        }
        self._identified_by = message.msgid
        self.log_ids = orjson.dumps(ids)[1:-1] + b","
        self._context.run(CALL_IDS.set, ids)
        if self.is_log_plain:
            self._log = None
        else:
            self._log = self._log.bind(**ids)

    def _learn(self, message: Message, text: bytes) -> None:
        """Take over what the first message tells, or a status that comes before it."""
        self.identify(message)
        data = message.data
        self.call_sid = message.call_sid or f"unknown-{message.msgid}"
        self.key = call_key(self.organisation_id, self.call_sid)
        self.account_sid = text_of(data, "account_sid")[:MAX_ID]
        self.application_sid = text_of(data, "application_sid")[:MAX_ID]
        self.trace_id = (text_of(data, "trace_id") or message.b3.partition("-")[0])[:MAX_ID]
        self.direction = text_of(data, "direction")[:MAX_ID]
        self.from_, self.to = text_of(data, "from"), text_of(data, "to")
        self.caller_name = text_of(data, "caller_name")
        self.call_status = text_of(data, "call_status") or self.call_status
        customer_data = data.get("customerData", data.get("customerdata"))
        self.customer_data = customer_data if isinstance(customer_data, dict) else {}
        # The frame as it came, unless something in it was nested too deeply to be kept.
        self._opening_text = orjson.dumps({"data": data}) if message.is_cut else text
        self._data = data  # parsed data is three times as large: kept until the call is answered


def text_of(data: Mapping[str, Any], key: str) -> str:
    """The string at ``key``, or empty."""
    value = data.get(key)
    return value if isinstance(value, str) else ""
