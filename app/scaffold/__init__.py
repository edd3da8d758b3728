"""``cordboard new DIR``: writes a project of one's own, which runs and passes its test at once."""

from app.scaffold.project import Names, ScaffoldError, add_arguments, name_project, run, write

__all__ = ["Names", "ScaffoldError", "add_arguments", "name_project", "run", "write"]
