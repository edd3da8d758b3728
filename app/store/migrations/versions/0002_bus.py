"""Which node holds which call."""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the bus."""
    op.create_table(
        "nodes",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("is_draining", sa.Boolean(), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("alive_until", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "live_calls",
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("node_id", sa.String(length=200), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", Utc(), nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(None, "live_calls", ["node_id", "organisation_id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE TABLE call_epochs (last BIGINT NOT NULL)")
        op.execute("INSERT INTO call_epochs VALUES (0)")
        return
    op.execute("CREATE SEQUENCE call_epochs")
    # Rows change ten times a second and last for minutes: leave room beside them, tidy up soon.
    op.execute(
        "ALTER TABLE live_calls SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05,"
        " toast.autovacuum_vacuum_scale_factor = 0.05)"
    )
    # To compress 4 KB takes longer than to write them.
    op.execute("ALTER TABLE live_calls ALTER COLUMN checkpoint SET STORAGE EXTERNAL")
