"""That queries on what organisations own are built by `Scope`, and so see one organisation only."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app.store import tables
from app.store.tables import METADATA

STORE = Path(tables.__file__).parent.parent
RAW = frozenset({"select", "insert", "update", "delete"})
# What is of no organisation, or of several: people, nodes, and the organisations themselves.
SHARED = frozenset({"organisations", "users", "sessions", "password_tokens", "nodes"})
# Where whole modules look beyond one organisation, and why they may.
BEYOND = {
    "accounts.py": "signs people in, before it is known for whom they act",
    "directory.py": "finds keys and credentials by what was sent",
    "outbox.py": "delivers what all organisations have to tell",
}
# Where a statement that Scope cannot build says itself whose rows they are.
HANDMADE = {
    "call_writing.py::add_parts": "rows hold their organisation",
    "call_writing.py::merge_calls": "the same; the key that they are merged by begins with it",
    "turn_writing.py::add_turns": "the same",
    "passages.py::in_postgresql": "finds ids, whose rows are then selected by Scope",
    "passages.py::in_sqlite": "the same",
    "people.py::_new_user": "people belong to no organisation",
    "people.py::_tokens_of": "the same",
    "migrate.py::migrate": "takes a lock",
}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def raw_statements(function: ast.AST) -> Iterator[str]:
    """Statements that are begun with SQLAlchemy itself, or with a table."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if node.func.attr in RAW and (
                owner in ("sa", "sqlite", "postgresql") or owner.isupper()
            ):
                yield f"{owner}.{node.func.attr}({', '.join(map(ast.unparse, node.args))})"


def test_everything_but_people_belongs_to_an_organisation() -> None:
    of_nobody = {
        name for name, table in METADATA.tables.items() if "organisation_id" not in table.c
    }

    assert of_nobody <= SHARED | {"organisations"}


def test_a_row_refers_only_to_rows_of_its_own_organisation() -> None:
    wrong = []
    for table in METADATA.tables.values():
        for key in table.foreign_key_constraints:
            owned = "organisation_id" in key.referred_table.c
            if owned and "organisation_id" not in key.column_keys:
                wrong.append(f"{table.name}: {key.column_keys} -> {key.referred_table.name}")

    assert wrong == []


def test_statements_on_what_organisations_own_are_begun_by_the_scope() -> None:
    found = {}
    for path in sorted(STORE.glob("*.py")):
        if path.name in BEYOND or path.name == "scope.py":
            continue
        for function in functions(ast.parse(path.read_text(encoding="utf-8"))):
            statements = [*raw_statements(function)]
            source = ast.unparse(function)
            if statements and not ("owns(" in source or "scope." in source):
                found[f"{path.name}::{function.name}"] = statements

    assert found.keys() == HANDMADE.keys(), found
