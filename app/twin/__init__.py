"""The platform's side of the wire: a stand-in for jambonz that dials applications and plays calls.

It stands on its own reading of the protocol and shares no code with the server.
"""

from app.twin.call import TwinCall
from app.twin.chaos import BadChaos, Chaos
from app.twin.clock import ClockName
from app.twin.dialect import DialectName
from app.twin.errors import CallRefused, TwinError, WaitFailed
from app.twin.expect import Expect, Found
from app.twin.far_end import Outcome, Party
from app.twin.log import Entry, Kind
from app.twin.matching import contains
from app.twin.pace import Pace
from app.twin.timings import Timings
from app.twin.twin import Twin
from app.twin.unmet import ExpectationFailed

__all__ = [
    "BadChaos",
    "CallRefused",
    "Chaos",
    "ClockName",
    "DialectName",
    "Entry",
    "Expect",
    "ExpectationFailed",
    "Found",
    "Kind",
    "Outcome",
    "Pace",
    "Party",
    "Timings",
    "Twin",
    "TwinCall",
    "TwinError",
    "WaitFailed",
    "contains",
]
