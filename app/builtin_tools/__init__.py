"""Tools that an agent has without code of its own, each made by a builder.

A builder gives a ``Built``: the tool's definition, which stays factual, and a section for the
prompt, which tells the model how to behave with it; or None, where there is nothing to build.
"""

from app.builtin_tools.built import Built, prompt_of
from app.builtin_tools.ending import build_end_call
from app.builtin_tools.transferring import Target, build_transfer_call

__all__ = ["Built", "Target", "build_end_call", "build_transfer_call", "prompt_of"]
