"""What the properties of `config` set in motion."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin import media
from app.twin.amd import detect
from app.twin.plays.background import BackgroundGather

if TYPE_CHECKING:
    from app.twin.leg import Leg


def apply(leg: "Leg", properties: Mapping[str, Any]) -> None:
    """Start and stop what the properties name."""
    for name, action in _ACTIONS.items():
        value = properties.get(name)
        if isinstance(value, Mapping):
            action(leg, value)


def _tts_stream(leg: "Leg", options: Mapping[str, Any]) -> None:
    if options.get("enable"):
        leg.stream.open()
    else:
        leg.stream.close()


def _barge_in(leg: "Leg", options: Mapping[str, Any]) -> None:
    leg.background = BackgroundGather(leg, options) if options.get("enable") else None


def _amd(leg: "Leg", options: Mapping[str, Any]) -> None:
    leg.spawn_work(detect(leg, leg.party, options))


def _fork(leg: "Leg", options: Mapping[str, Any]) -> None:
    leg.fork_is_running = bool(options.get("enable", True))


def _record(leg: "Leg", options: Mapping[str, Any]) -> None:
    if leg.info.answered is None:
        leg.early_recording = options
    else:
        media.carry_out(leg, {"command": "record", "data": options})


def _transcribe(leg: "Leg", options: Mapping[str, Any]) -> None:
    leg.ears.transcription = (
        options.get("transcriptionHook") if options.get("enable", True) else None
    )


_ACTIONS = {
    "amd": _amd,
    "bargeIn": _barge_in,
    "listen": _fork,
    "record": _record,
    "stream": _fork,
    "transcribe": _transcribe,
    "ttsStream": _tts_stream,
}
