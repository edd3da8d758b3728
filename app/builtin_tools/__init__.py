"""Tools that an agent has without code of its own, each made by a builder.

A builder gives a ``Built``: the tool's definition, which stays factual, and a section for the
prompt, which tells the model how to behave with it; or None, where there is nothing to build.
"""

from app.builtin_tools.built import Built, prompt_of
from app.builtin_tools.ending import build_end_call
from app.builtin_tools.looking_up import (
    LookupSource,
    build_lookup_caller,
    look_up,
    look_up_early,
    outside_number,
)
from app.builtin_tools.querying import build_query_knowledge
from app.builtin_tools.transferring import Target, build_transfer_call

__all__ = [
    "Built",
    "LookupSource",
    "Target",
    "build_end_call",
    "build_lookup_caller",
    "build_query_knowledge",
    "build_transfer_call",
    "look_up",
    "look_up_early",
    "outside_number",
    "prompt_of",
]
