"""Commands about what is heard, recorded and understood."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.session.commands import CommandSender, Verbs
from app.session.facts import E, S
from app.session.receipt import Receipt

RecordAction = Literal["start", "stop", "pause", "resume"]
DubAction = Literal["addTrack", "removeTrack", "silenceTrack", "playOnTrack", "sayOnTrack"]


class MediaCommands(CommandSender[S, E]):
    """What is heard, recorded and understood. ``call_sid`` names another leg, as of a dial."""

    __slots__ = ()

    async def whisper(self, verbs: Verbs, *, call_sid: str | None = None) -> Receipt:
        """Say or play something that only one party of a dial hears; each once."""
        return self._order("whisper", call_sid=call_sid, whisper=verbs)

    async def mute(self, *, call_sid: str | None = None) -> Receipt:
        """Mute a leg of a dial, or all non-moderators of a conference."""
        return self._order("mute:status", call_sid=call_sid, mute_status="mute")

    async def unmute(self, *, call_sid: str | None = None) -> Receipt:
        """Undo :meth:`mute`."""
        return self._order("mute:status", call_sid=call_sid, mute_status="unmute")

    async def record(
        self,
        action: RecordAction,
        *,
        type: Literal["siprec", "cloud"] | None = None,  # noqa: A002 - as on the wire
        siprec_server_url: str | Sequence[str] | None = None,
        recording_id: str | None = None,
        headers: Mapping[str, str | int | float] | None = None,
        silence: bool | None = None,
    ) -> Receipt:
        """Start, stop, pause or resume recording.

        Args:
            action: What to do.
            type: ``siprec``, to a recorder of one's own, or ``cloud``.
            siprec_server_url: SIP address of the recorder; needed to start unless it is the cloud.
            recording_id: Names the recording.
            headers: Of the INVITE to the recorder.
            silence: Whether silence is recorded while paused.
        """
        return self._order(
            "record",
            action=f"{action}CallRecording",
            type=type,
            siprec_server_url=siprec_server_url,
            recording_id=recording_id,
            headers=headers,
            silence=silence,
        )

    async def dub(
        self,
        action: DubAction,
        track: str,
        *,
        play: str | None = None,
        say: str | Mapping[str, Any] | None = None,
        loop: bool | None = None,
        gain: float | str | None = None,
        call_sid: str | None = None,
    ) -> Receipt:
        """Play or say something on a track beside the conversation.

        Args:
            action: What to do with the track.
            track: Its name.
            play: URL to play.
            say: Text to say, or the options of say.
            loop: Whether it is repeated.
            gain: dB, as a number or a text such as ``"-3dB"``.
            call_sid: The leg that hears it.
        """
        return self._order(
            "dub",
            call_sid=call_sid,
            action=action,
            track=track,
            play=play,
            say=say,
            loop=loop,
            gain=gain,
        )

    async def pause_listen(self) -> Receipt:
        """Send no audio over the sockets of ``listen`` for now."""
        return self._order("listen:status", listen_status="pause")

    async def resume_listen(self) -> Receipt:
        """Undo :meth:`pause_listen`."""
        return self._order("listen:status", listen_status="resume")

    async def pause_stream(self) -> Receipt:
        """Send no audio over the sockets of ``stream`` for now."""
        return self._order("stream:status", stream_status="pause")

    async def resume_stream(self) -> Receipt:
        """Undo :meth:`pause_stream`."""
        return self._order("stream:status", stream_status="resume")

    async def pause_transcribe(self) -> Receipt:
        """Transcribe nothing for now."""
        return self._order("transcribe:status", transcribe_status="pause")

    async def resume_transcribe(self) -> Receipt:
        """Undo :meth:`pause_transcribe`."""
        return self._order("transcribe:status", transcribe_status="resume")

    async def boost_audio_signal(self, gain: float | str) -> Receipt:
        """Make the caller louder or softer: dB, as a number or a text such as ``"-3dB"``."""
        return self._order("boostAudioSignal", gain=gain)

    async def media_path(self, path: Literal["no-media", "partial-media", "full-media"]) -> Receipt:
        """Move the media of a bridged call."""
        return self._order("media:path", media_path=path)

    async def noise_isolation(
        self,
        status: Literal["enable", "disable"],
        *,
        vendor: str | None = None,
        level: float | None = None,
        model: str | None = None,
    ) -> Receipt:
        """Switch noise isolation; ``level`` from 0 to 100. Needs a commercial jambonz."""
        return self._order(
            "noiseIsolation:status",
            noise_isolation_status=status,
            vendor=vendor,
            level=level,
            model=model,
        )

    async def reconfigure_stt(self, language_hints: Sequence[str]) -> Receipt:
        """Change the languages that the recognizer expects; none leaves the choice to it."""
        return self._order("stt:reconfigure", language_hints=language_hints)
