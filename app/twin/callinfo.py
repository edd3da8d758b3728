"""Who calls whom: the payloads of session:new, and the "call info" of everything after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from app.twin.clock import Clock, RealClock
from app.twin.ids import Ids

DEFAULTS: dict[str, Any] = {
    "synthesizer": {"vendor": "google", "language": "en-US", "voice": "en-US-Standard-C"},
    "recognizer": {"vendor": "google", "language": "en-US"},
}

FINAL = frozenset({"completed", "failed", "busy", "no-answer"})
"""The values of `call_status` after which a call is over."""


@dataclass(slots=True)
class CallInfo:
    """One leg of a call, and its state as call:status tells it."""

    from_: str
    to: str
    direction: Literal["inbound", "outbound"]
    ids: Ids
    clock: Clock
    account_sid: str
    call_sid: str
    application_sid: str
    call_id: str
    sbc_callid: str
    trace_id: str
    parent_call_sid: str = ""
    caller_name: str = ""
    customer_data: dict[str, Any] | None = None
    env: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    call_status: str = "trying"
    sip_status: int = 100
    sip_reason: str = "Trying"
    answered: float | None = None

    @classmethod
    def new(
        cls,
        *,
        from_: str,
        to: str,
        direction: Literal["inbound", "outbound"],
        account_sid: str,
        env: Mapping[str, Any] | None,
        tag: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        caller_name: str,
        ids: Ids | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Make the A leg of a new call."""
        ids = ids or Ids()
        return cls(
            from_=from_,
            to=to,
            direction=direction,
            ids=ids,
            clock=clock or RealClock(),
            account_sid=account_sid,
            call_sid=ids.sid(),
            application_sid=ids.sid(),
            call_id=ids.sid(),
            sbc_callid=ids.sid(),
            trace_id=ids.hex(16),
            env=None if env is None else dict(env),
            customer_data=None if tag is None else dict(tag),
            headers=dict(headers or {}),
            caller_name=caller_name,
        )

    def child(self, to: str) -> "CallInfo":
        """Make a B leg: an outbound call whose parent this one is."""
        return replace(
            self,
            to=to,
            direction="outbound",
            call_sid=self.ids.sid(),
            call_id=self.ids.sid(),
            parent_call_sid=self.call_sid,
            customer_data=None,
            answered=None,
        )

    def set_status(self, call_status: str, sip_status: int, sip_reason: str) -> None:
        """Change the state; the moment of the answer is remembered for the duration."""
        self.call_status, self.sip_status, self.sip_reason = call_status, sip_status, sip_reason
        if call_status == "in-progress" and self.answered is None:
            self.answered = self.clock.time()

    @property
    def duration(self) -> int:
        """Whole seconds since the answer."""
        return 0 if self.answered is None else int(self.clock.time() - self.answered)

    def b3(self) -> str:
        """A tracing header of a new span."""
        return f"{self.trace_id}-{self.ids.hex(8)}-1"

    def common(self) -> dict[str, Any]:
        """The first part of every hook, redirect and status payload."""
        info = self._identity() | {
            "sip_status": self.sip_status,
            "sip_reason": self.sip_reason,
            "call_status": self.call_status,
            "fs_sip_address": "192.0.2.20:5060",
            "fs_public_ip": "198.51.100.20",
            "api_base_url": "https://api.example.org/v1",
        }
        if self.direction == "inbound":
            info["originating_sip_ip"] = "203.0.113.9"
            info["originating_sip_trunk_name"] = "carrier"
        if self.parent_call_sid:
            info["parent_call_sid"] = self.parent_call_sid
        if self.customer_data is not None:
            info["customerData"] = self.customer_data
        return info

    def opening(self) -> dict[str, Any]:
        """The data of session:new, stale ever after in session:reconnect."""
        special = self._inbound() if self.direction == "inbound" else self._outbound()
        data = special | {"defaults": DEFAULTS}
        if self.env is not None:
            data["env_vars"] = self.env
        return data

    def _identity(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "call_sid": self.call_sid,
            "account_sid": self.account_sid,
            "application_sid": self.application_sid,
            "direction": self.direction,
            "from": self.from_,
            "to": self.to,
            "call_id": self.call_id,
            "sbc_callid": self.sbc_callid,
            "trace_id": self.trace_id,
        }
        if self.direction == "outbound":
            info["caller_id"] = self.from_
        return info

    def _inbound(self) -> dict[str, Any]:
        data = self._identity() | {
            "sip": self._invite(),
            "has_recording": False,
            "caller_name": self.caller_name,
            "sip_status": 100,
            "sip_reason": "Trying",
            "call_status": "trying",
            "originating_sip_ip": "203.0.113.9",
            "originating_sip_trunk_name": "carrier",
            "local_sip_address": "192.0.2.20:5060",
            "public_ip": "198.51.100.20",
            "service_provider_sid": "2708b1b3-2736-40ea-b502-c53d8396247f",
        }
        if self.customer_data is not None:
            data["customerdata"] = self.customer_data  # only here jambonz spells it so
        return data

    def _outbound(self) -> dict[str, Any]:
        data = self.common()
        if self.caller_name:
            data["caller_name"] = self.caller_name
        return data

    def _invite(self) -> dict[str, Any]:
        uri = f"sip:{self.to}@192.0.2.20:5060"
        headers = {
            "via": "SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK1",
            "from": f"<sip:{self.from_}@203.0.113.9>;tag=a1",
            "to": f"<sip:{self.to}@sip.example.org>",
            "call-id": self.call_id,
            "cseq": "1 INVITE",
            "contact": "<sip:203.0.113.9:5060>",
            "user-agent": "carrier",
            "X-Account-Sid": self.account_sid,
            **self.headers,
        }
        return {
            "headers": headers,
            "raw": f"INVITE {uri} SIP/2.0\r\n",
            "body": "v=0\r\n",
            "method": "INVITE",
            "version": "2.0",
            "uri": uri,
            "payload": [{"type": "application/sdp", "content": "v=0\r\n"}],
        }
