"""Speech-to-speech: verbs that connect the caller to one model, each vendor in its own shape."""

from app.s2s.dialect import VendorDialect
from app.s2s.vendor import Vendor
from app.s2s.vendors import VENDORS, vendor_of
from app.s2s.verbs import (
    SpeechToSpeech,
    deepgram_s2s,
    elevenlabs_s2s,
    google_s2s,
    gptlive_s2s,
    llm_,
    nova_s2s,
    openai_s2s,
    qwen_s2s,
    s2s,
    ultravox_s2s,
    voicelive_s2s,
)

__all__ = [
    "VENDORS",
    "SpeechToSpeech",
    "Vendor",
    "VendorDialect",
    "deepgram_s2s",
    "elevenlabs_s2s",
    "google_s2s",
    "gptlive_s2s",
    "llm_",
    "nova_s2s",
    "openai_s2s",
    "qwen_s2s",
    "s2s",
    "ultravox_s2s",
    "vendor_of",
    "voicelive_s2s",
]
