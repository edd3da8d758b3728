"""Pull, push and diff: what is on the server and what is in the folder, brought together."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.agent_files.folder import AgentFile, Folder, without_about
from app.agent_files.server import Checked, Listed, Refused, Server

__all__ = ["Told", "diff", "pull", "push"]

CONFLICT: Final = 412
NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a file.

    Attributes:
        about: The file, or the agent that has none.
        text: In words.
        is_wrong: Whether something has to be done about it.
        lines: What else there is to say: a comparison, what is wrong, warnings.
    """

    about: Path | str
    text: str
    is_wrong: bool = False
    lines: Sequence[str] = ()


def pull(
    server: Server, folder: Folder, names: Sequence[str] = (), *, force: bool = False
) -> Iterator[Told]:
    """Bring agents from the server into the folder; changes that are not pushed are kept.

    Args:
        server: From where.
        folder: Where to.
        names: Which agents, by id, name or file; all without any.
        force: Lose what is not pushed.
    """
    files = {file.id: file for file in folder.files() if file.id}
    listed = server.list()
    yield from _not_chosen(folder, names, listed)
    for agent in listed:
        file = files.get(agent.id)
        if not _is_named(names, agent.id, agent.name, file.path if file else None):
            continue
        if file is None:
            exported = server.export(agent.id)
            file = AgentFile(folder.place(exported.name, agent.id), exported.text)
            file.write()
            yield Told(file.path, f"new: version {agent.version}")
        else:
            yield _renew(server, file, agent, force=force)
    gone = files.keys() - {agent.id for agent in listed}
    for file in (files[id_] for id_ in sorted(gone)):
        if _is_named(names, file.id, "", file.path):
            yield Told(file.path, "is on the server no more; the file stays")


def _renew(server: Server, file: AgentFile, agent: Listed, *, force: bool) -> Told:
    """Bring a file up to the version that answers calls."""
    newest = AgentFile(file.path, server.export(agent.id).text)
    if force and newest.text != file.text:
        newest.write()
        return Told(file.path, f"taken from the server: version {agent.version}")
    try:
        checked = server.check(file.text)
    except Refused as refused:
        return _wrong(file, refused, "kept, since it cannot be read")
    if checked.is_same:
        return _noted(file, agent.id, agent.version)
    if _is_untouched(server, file, checked):
        newest.write()
        return Told(file.path, f"updated: version {agent.version}, was {file.version}")
    if checked.is_current:
        return Told(file.path, "kept: it has changes that are not pushed")
    return Told(
        file.path,
        f"kept: it has changes that are not pushed, and version {agent.version} answers calls; "
        "see agents diff, then push or pull with --force",
        is_wrong=True,
    )


def _is_untouched(server: Server, file: AgentFile, checked: Checked) -> bool:
    """Whether a file is as the version that it was made of."""
    if file.version is None:
        return False
    try:
        base = server.export(file.id, file.version)
    except Refused as refused:
        if refused.status != NOT_FOUND:
            raise
        return False
    return without_about(base.text) == without_about(checked.after)


def push(
    server: Server,
    folder: Folder,
    names: Sequence[str] = (),
    *,
    force: bool = False,
    draft: bool = False,
    note: str = "",
) -> Iterator[Told]:
    """Save what has changed in the folder on the server.

    Args:
        server: Where to.
        folder: From where.
        names: Which files, by name or id; all without any.
        force: Save even what the server has changed meanwhile.
        draft: Let the version that answers calls be.
        note: Why, for people.
    """
    yield from _not_chosen(folder, names)
    for file in _chosen(folder, names):
        try:
            checked = server.check(file.text)
            if checked.is_same and checked.id is not None and checked.version is not None:
                yield _noted(file, checked.id, checked.version)
            elif not (checked.is_current or force):
                yield _moved(file, f"version {checked.version} answers calls by now")
            else:
                yield _save(server, file, force=force, draft=draft, note=note)
        except Refused as refused:
            if refused.status == CONFLICT:
                yield _moved(file, refused.detail)
            else:
                yield _wrong(file, refused, "refused")


def _save(server: Server, file: AgentFile, **options: object) -> Told:
    saved = server.save(file.text, **options)
    number, is_draft = saved["version"], not saved["is_published"]
    if not is_draft or not file.id:
        file.made_of(saved["id"], number).write()
    text = f"{'saved' if file.id else 'made'}: version {number}{', a draft' * is_draft}"
    return Told(file.path, text, lines=[f"warning: {one}" for one in saved["warnings"]])


def diff(server: Server, folder: Folder, names: Sequence[str] = ()) -> Iterator[Told]:
    """What a push would change, file by file.

    Args:
        server: What is there.
        folder: What is here.
        names: Which files, by name or id; all without any.
    """
    ids = set()
    yield from _not_chosen(folder, names)
    for file in _chosen(folder, names):
        ids.add(file.id)
        try:
            checked = server.check(file.text)
        except Refused as refused:
            yield _wrong(file, refused, "cannot be pushed")
            continue
        if not checked.is_same:
            about = "" if checked.is_current else f"; version {checked.version} answers calls"
            lines = [*_compared(checked, file.path)]
            what = "is changed" if checked.id else "is new"
            yield Told(file.path, f"{what}{about}", is_wrong=True, lines=lines)
    for agent in server.list() if not names else ():
        if agent.id not in ids:
            yield Told(agent.name, f"is on the server only; pull {agent.id}")


def _compared(checked: Checked, path: Path) -> Iterable[str]:
    before, after = without_about(checked.before), without_about(checked.after)
    old = [] if not checked.before else before.split("\n")
    name = "nothing" if checked.version is None else f"version {checked.version}"
    return difflib.unified_diff(old, after.split("\n"), name, path.name, lineterm="")


def _noted(file: AgentFile, id_: str, version: int) -> Told:
    """A file that says what the server has; its version is brought up to date."""
    current = file.made_of(id_, version)
    if current.text != file.text:
        current.write()
    return Told(file.path, f"unchanged: version {version}")


def _moved(file: AgentFile, why: str) -> Told:
    text = f"refused: it was made of version {file.version}, and {why}; pull first, or push --force"
    return Told(file.path, text, is_wrong=True)


def _wrong(file: AgentFile, refused: Refused, what: str) -> Told:
    """What the server says about a file, as compilers tell it: with its line."""
    lines = [_at(file.path, field, message) for field, message in refused.errors]
    detail = "" if lines else f": {refused.detail}"
    return Told(file.path, f"{what}{detail}", is_wrong=True, lines=lines)


def _at(path: Path, field: str, message: str) -> str:
    found = re.match(r"line (\d+): ", message)
    place = f"{path}:{found[1]}" if found else f"{path}"
    text = message[found.end() :] if found else message
    return f"{place}: {text}" if field == "body" else f"{place}: {field}: {text}"


def _chosen(folder: Folder, names: Sequence[str]) -> list[AgentFile]:
    return [file for file in folder.files() if _is_named(names, file.id, "", file.path)]


def _not_chosen(
    folder: Folder, names: Sequence[str], listed: Iterable[Listed] = ()
) -> Iterator[Told]:
    """Names that stand for nothing: who mistyped one must not believe that all is done."""
    files = [(file.id, "", file.path) for file in folder.files()]
    known = [*files, *((agent.id, agent.name, None) for agent in listed)]
    for name in names:
        if not any(_is_named([name], *one) for one in known):
            yield Told(name, "is no file or id that is known here", is_wrong=True)


def _is_named(names: Sequence[str], id_: str, name: str, path: Path | None) -> bool:
    if not names:
        return True
    known = {id_, name.casefold()} | ({path.name, path.stem, str(path)} if path else set())
    return any(one in known or one.casefold() in known for one in names if one)
