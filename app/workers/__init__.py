"""Workers: several processes on one port, started and replaced by a supervisor.

A worker is a server as any other; its supervisor runs no code of an author. They talk over a line
that ends where one of them does, so that no worker outlives its supervisor.
"""

from app.workers.line import Line
from app.workers.supervisor import add_arguments, run

__all__ = ["Line", "add_arguments", "run"]
