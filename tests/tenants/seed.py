"""What each organisation has in the store: something of every kind, made over REST by its owner."""

from tests.tenants.party import Party


async def seed(party: Party) -> None:
    """Make it, and keep the ids."""
