"""Tell a stage direction, such as "smiles" or "in a soft voice", from words to be said."""

import re

_VERBS = frozenset(
    re.findall(
        r"\w+",
        """
        beam blink blush bow breathe chuckle clap clear cough cry exhale frown gasp giggle gesture
        grin groan growl gulp hesitate hum inhale laugh lean lower murmur mumble mutter nod pause
        ponder raise scoff shrug sigh sing smile smirk sniff snort sob speak stammer type wave
        whisper whistle wink yawn""",
    )
)
_ADVERBS = frozenset(
    re.findall(
        r"\w+",
        """
        angrily apologetically brightly calmly cheerfully confidently curiously enthusiastically
        excitedly firmly gently happily kindly loudly nervously patiently playfully politely
        quietly sadly sarcastically seriously slowly softly sympathetically thoughtfully warmly
        wistfully""",
    )
)
_SOUNDS = frozenset(("applause", "beat", "laughter", "music", "sfx", "silence", "static", "typing"))

_BARE = _VERBS | _ADVERBS | _SOUNDS
"""A direction where they stand alone."""

_INFLECTED = frozenset(
    form for verb in _VERBS for form in (f"{verb}s", f"{verb}ing", f"{verb.removesuffix('e')}ing")
)
"""A direction, whatever comes behind them."""

_MANNER = re.compile(
    r"(?i)(?:in|with) an? [\w\s,-]*\b(?:accent|chuckle|grin|laugh|sigh|smile|tone|voice|whisper)\b"
)
_LONGEST = 8


def may_begin(word: str) -> bool:
    """Whether a direction may begin with this word."""
    word = word.lower()
    return word in _BARE or word in _INFLECTED or word in ("in", "with")


def is_direction(text: str) -> bool:
    """Whether the text tells how something is said, or what is done meanwhile."""
    words = text.lower().strip(" .!…").split()
    if not words or len(words) > _LONGEST:
        return False
    first = words[0].strip(",;:.")
    if first in _INFLECTED or _MANNER.match(text.strip()):
        return True
    return len(words) == 1 and first in _BARE
