"""What commands do to the sound of a leg: recording, tracks, keys, muting, forks.

Each takes effect only in the shape that jambonz reads, and only while it is valid; otherwise it is
noted and nothing else happens, as on the platform.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.twin.bridge import Seat
from app.twin.rooms import Member, Room
from app.twin.voice import texts

if TYPE_CHECKING:
    from app.twin.leg import Leg

Data = Any
Problem = str
"""Why a command has no effect; empty where it has one."""


@dataclass(frozen=True, slots=True)
class Command:
    """How one command is read.

    Attributes:
        read: Takes the data; returns what is wrong with its shape, or "".
        when: Returns why it has no effect now, or "".
        effect: Acts; returns why it does not, or "".
        aims: Which leg it means: `near` is the callee only where `callSid` says so, `far` is the
            callee unless `callSid` says otherwise, `own` is always the session's.
    """

    read: Callable[[Data], Problem]
    when: "Callable[[Leg], Problem]"
    effect: "Callable[[Leg, Data], Problem]" = lambda _leg, _data: ""
    aims: str = "own"


def carry_out(leg: "Leg", frame: Mapping[str, Any]) -> None:
    """Carry out a command of `COMMANDS`."""
    name, data = frame["command"], frame.get("data")
    command = COMMANDS[name]
    about = {key: frame[key] for key in ("command", "data", "callSid") if key in frame}
    if shape := command.read(data):
        leg.log.note(f"{name} is dropped: {shape}", **about)
        return
    aimed = _aim(leg, frame, command.aims)
    problem = (
        (command.when(leg) or command.effect(aimed, data)) if aimed else "there is no such leg"
    )
    if aimed is None or problem:
        leg.log.note(f"{name} has no effect now: {problem}", **about)
        return
    aimed.effects[name] = data
    leg.log.note(f"{name} takes effect", **about, **aimed.mark)


def _aim(leg: "Leg", frame: Mapping[str, Any], aims: str) -> "Leg | None":
    call_sid = frame.get("callSid")
    if aims == "near":
        return leg.child if leg.child and call_sid == leg.child.info.call_sid else leg
    if aims == "far" and (call_sid or leg.line.call_sid) != leg.info.call_sid:
        return leg.child
    return leg


# ---------------------------------------------------------------- shapes


def _anything(_data: Data) -> Problem:
    return ""


def _word(key: str, *words: str, bare: bool = False) -> Callable[[Data], Problem]:
    """One of some words, below a key or, where jambonz takes that too, alone."""

    def read(data: Data) -> Problem:
        found = data.get(key) if isinstance(data, Mapping) else data if bare else None
        return "" if found in words else f"{key} must be one of {', '.join(words)}"

    return read


def _object_below(key: str, *required: str) -> Callable[[Data], Problem]:
    """An object below a key of its own; flat data throws inside jambonz."""

    def read(data: Data) -> Problem:
        inner = data.get(key) if isinstance(data, Mapping) else None
        if not isinstance(inner, Mapping):
            return f"its data must be nested below {key!r}"
        missing = [name for name in required if not inner.get(name)]
        return f"{key} needs {', '.join(missing)}" if missing else ""

    return read


def _decibels(data: Data) -> Problem:
    is_number = isinstance(data, int | float) and not isinstance(data, bool)
    text = data.lower().removesuffix("db").strip() if isinstance(data, str) else ""
    is_text = text.lstrip("+-").replace(".", "", 1).isdigit()
    return "" if is_number or is_text else 'it must be a number or a text such as "6 dB"'


def _languages(data: Data) -> Problem:
    hints = data.get("languageHints") if isinstance(data, Mapping) else None
    listed = isinstance(hints, list) and all(isinstance(hint, str) for hint in hints)
    return "" if listed else "languageHints must be a list of languages"


# ---------------------------------------------------------------- conditions


def _always(_leg: "Leg") -> Problem:
    return ""


def _answered(leg: "Leg") -> Problem:
    return "" if leg.info.answered is not None else "the call is not answered"


def _dialling(leg: "Leg") -> Problem:
    return "" if leg.child else "nobody is dialled"


def _bridged(leg: "Leg") -> Problem:
    return "" if leg.child or isinstance(leg.listener, Seat) else "nobody is dialled"


def _forked(leg: "Leg") -> Problem:
    return "" if leg.fork_is_running else "no audio is forked"


def _transcribing(leg: "Leg") -> Problem:
    return "" if leg.ears.transcription else "nothing is transcribed"


# ---------------------------------------------------------------- effects

_NEXT = {
    "startCallRecording": ({"off"}, "on"),
    "pauseCallRecording": ({"on"}, "paused"),
    "resumeCallRecording": ({"paused"}, "on"),
    "stopCallRecording": ({"on", "paused"}, "off"),
}


def record(leg: "Leg", data: Data) -> Problem:
    """Start, pause, resume or stop the recording; `effects["recording"]` tells its state."""
    state = leg.effects.get("recording", "off")
    before, after = _NEXT[data["action"]]
    if state not in before:
        return f"the recording is {state}"
    needs_url = after == "on" and state == "off" and data.get("type") != "cloud"
    if needs_url and not data.get("siprecServerURL"):
        return "siprecServerURL is needed, unless the type is cloud"
    leg.effects["recording"] = after
    return ""


def begin_recording(leg: "Leg") -> None:
    """The call is answered: record where `config` asked for that before."""
    options, leg.early_recording = leg.early_recording, None
    if options is not None:
        carry_out(leg, {"command": "record", "data": options})


def dub(leg: "Leg", data: Data) -> Problem:
    """Add, remove or use a track; `effects["tracks"]` tells what each one plays."""
    tracks: dict[str, str] = leg.effects.setdefault("tracks", {})
    action, track = data["action"], str(data["track"])
    if action == "addTrack":
        tracks[track] = ""
    elif track not in tracks:
        return f"there is no track {track}"
    if action == "removeTrack":
        del tracks[track]
    elif action == "silenceTrack":
        tracks[track] = ""
    else:
        _sound(leg, data, tracks, track)
    return ""


def _sound(leg: "Leg", data: Mapping[str, Any], tracks: dict[str, str], track: str) -> None:
    said = data.get("say")
    text = said.get("text") if isinstance(said, Mapping) else said
    for url in texts(data.get("play")):
        tracks[track] = f"[audio: {url}]"
        leg.voice.play(url)
    for line in texts(text):
        tracks[track] = line
        leg.voice.heard(line, "dub")


def _read_record(data: Data) -> Problem:
    return _word("action", *_NEXT)(data)


def read_dub(data: Data) -> Problem:
    """Check the data of `dub`, command or verb."""
    actions = ("addTrack", "removeTrack", "silenceTrack", "playOnTrack", "sayOnTrack")
    if problem := _word("action", *actions)(data):
        return problem
    needed = {"playOnTrack": "play", "sayOnTrack": "say"}.get(data["action"])
    missing = [key for key in ("track", needed) if key and not data.get(key)]
    return f"{data['action']} needs {', '.join(missing)}" if missing else ""


def _keys(leg: "Leg", data: Data) -> Problem:
    leg.voice.heard(f"[keys: {data['dtmf']['digit']}]", "dtmf")
    return ""


def _mute(leg: "Leg", data: Data) -> Problem:
    status = data["mute_status"] if isinstance(data, Mapping) else data
    seat = leg.listener
    if isinstance(seat, Member) and isinstance(seat.bridge, Room):
        seat.bridge.mute_others(is_muted=status == "mute")
    elif isinstance(seat, Seat):
        seat.is_muted = status == "mute"
    return ""


def _pause_fork(key: str) -> "Callable[[Leg, Data], Problem]":
    def effect(leg: "Leg", data: Data) -> Problem:
        if data[key] == "silence":
            return "silence does nothing in 0.9.8"
        leg.effects["fork"] = "paused" if data[key] == "pause" else "running"
        return ""

    return effect


def _pause_transcription(leg: "Leg", data: Data) -> Problem:
    leg.ears.is_paused = data["transcribe_status"] == "pause"
    return ""


COMMANDS: dict[str, Command] = {
    "boostAudioSignal": Command(_decibels, _answered),
    "dtmf": Command(_object_below("dtmf", "digit"), _answered, _keys, aims="far"),
    "dub": Command(read_dub, _always, dub, aims="near"),
    "listen:status": Command(
        _word("listen_status", "pause", "resume", "silence"), _forked, _pause_fork("listen_status")
    ),
    "llm:update": Command(_anything, _always),
    "media:path": Command(
        _word("media:path", "no-media", "partial-media", "full-media", bare=True), _dialling
    ),
    "mute:status": Command(
        _word("mute_status", "mute", "unmute", bare=True), _bridged, _mute, aims="near"
    ),
    "noiseIsolation:status": Command(_word("noise_isolation_status", "enable", "disable"), _always),
    "record": Command(_read_record, _answered, record),
    "sip:request": Command(_object_below("sip_request", "method"), _answered, aims="far"),
    "stream:status": Command(
        _word("stream_status", "pause", "resume", "silence"), _forked, _pause_fork("stream_status")
    ),
    "stt:reconfigure": Command(_languages, _always),
    "transcribe:status": Command(
        _word("transcribe_status", "pause", "resume"), _transcribing, _pause_transcription
    ),
}
"""The commands that this part carries out."""
