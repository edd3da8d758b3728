"""The first schema."""

from alembic import op

from app.organisation import DEFAULT_ORGANISATION
from app.store.tables import METADATA
from app.store.tables.organisations import ORGANISATIONS
from app.store.types import now

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables, and the organisation that owns what the settings and the code say."""
    connection = op.get_bind()
    METADATA.create_all(connection)
    first = {"id": DEFAULT_ORGANISATION, "name": "Default", "settings": {}, "secrets": {}}
    connection.execute(ORGANISATIONS.insert().values(**first, created_at=now(), updated_at=now()))
