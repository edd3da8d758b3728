"""HTTP requests to addresses that operators and callers name, and not to what is in our own net.

What somebody else writes as an address must not reach this machine, its network or the cloud's
metadata service. So every address is looked at after it was resolved and before it is connected
to, and again at each redirect; time, size and redirects are bounded.
"""

from app.outward.addresses import Allowed, check_url
from app.outward.client import Outward, Reply
from app.outward.errors import OutwardError

__all__ = ["Allowed", "Outward", "OutwardError", "Reply", "check_url"]
