"""The first schema, and the organisation that owns what the settings and the code say."""

from app.store.migrations.first import access, agents, calls, knowledge

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    access.make()
    knowledge.make()
    agents.make()
    calls.make()
