"""Which class of ours stands for which component of the published schemas."""

from app.agent.options import Handoff, HangupTool
from app.verbs import Part
from app.verbs.bridge import TransferOptions
from app.verbs.common import ActionHookDelay, Amd, BidirectionalAudio, FillerNoise, Target
from app.verbs.hooks import Auth, HookTarget
from app.verbs.speech import Recognizer, Synthesizer, Vad

COMPONENTS: dict[str, type[Part]] = {
    "components/actionHook": HookTarget,
    "components/actionHookDelayAction": ActionHookDelay,
    "components/amd": Amd,
    "components/auth": Auth,
    "components/bidirectionalAudio": BidirectionalAudio,
    "components/fillerNoise": FillerNoise,
    "components/handoff": Handoff,
    "components/hangup": HangupTool,
    "components/recognizer": Recognizer,
    "components/synthesizer": Synthesizer,
    "components/target": Target,
    "components/transferOptions": TransferOptions,
    "components/vad": Vad,
}
