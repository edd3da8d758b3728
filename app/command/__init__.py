"""Commands: what an application may ask of jambonz unasked, as checked values.

One table describes them all: names, typed options, which are required, and the shape on the wire
that jambonz really reads. The session's methods, ``Session.command`` and the REST API stand on it.
"""

from app.command.conference import ParticipantAction
from app.command.order import Order
from app.command.shapes import Bare, Nested, Plain
from app.command.spec import Spec
from app.command.table import AGENT_UPDATE, COMMANDS, TOOL_OUTPUT, unknown_command

__all__ = [
    "AGENT_UPDATE",
    "COMMANDS",
    "TOOL_OUTPUT",
    "Bare",
    "Nested",
    "Order",
    "ParticipantAction",
    "Plain",
    "Spec",
    "unknown_command",
]
