"""``cordboard backup`` and ``cordboard restore``: the whole store in one file, and back."""

from app.backup.archive import BackupError, Manifest
from app.backup.command import (
    add_backup_arguments,
    add_restore_arguments,
    run_backup,
    run_restore,
)
from app.backup.copying import backup, restore

__all__ = [
    "BackupError",
    "Manifest",
    "add_backup_arguments",
    "add_restore_arguments",
    "backup",
    "restore",
    "run_backup",
    "run_restore",
]
