"""Checkpoints: what calls need to go on elsewhere, written off the path of messages.

The keeper writes them, takes calls over and lets them go; the membership says that this node lives.
"""

from app.checkpoint.counting import Counting
from app.checkpoint.keeper import AskHandOver, CallKeeper
from app.checkpoint.membership import Membership
from app.checkpoint.reach import Reach

__all__ = ["AskHandOver", "CallKeeper", "Counting", "Membership", "Reach"]
