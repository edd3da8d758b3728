"""Records of calls: who called whom, what was said, what tools did, how long it took.

Written off the path of messages, in batches; read back as a story.
"""

from app.records.entries import read_entries
from app.records.prices import load_prices
from app.records.recorder import Recorder
from app.records.retention import keep_retention
from app.records.story import Story, ToolUse, Turn, Update, tell
from app.records.usage import Prices

__all__ = [
    "Prices",
    "Recorder",
    "Story",
    "ToolUse",
    "Turn",
    "Update",
    "keep_retention",
    "load_prices",
    "read_entries",
    "tell",
]
