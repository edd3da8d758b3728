"""Find the applications of a working folder: import ``handlers`` and ``hooks``, collect values."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import structlog

from app.application.application import Application
from app.application.found import collect
from app.application.place import PACKAGES
from app.application.source import check_sources
from app.application.state import STATE_FIX, unkept
from app.application.unanswered import check_values
from app.logs import Event
from app.protocol import ConfigurationError

log = structlog.get_logger("cordboard.application")


def discover(folder: str | Path = ".") -> list[Application]:
    """Import every module of ``handlers/`` and ``hooks/`` and collect the applications.

    Args:
        folder: The working folder; its ``handlers`` wins over an installed package of that name.

    Raises:
        ConfigurationError: No application is found, two share a path, one has no
            ``session_new``, or an agent or verb that a module holds names a hook that nothing
            answers. An error in a handler module is raised as it is.
    """
    root = Path(folder).resolve()
    if not (root / "handlers").is_dir():
        raise ConfigurationError(
            f"no folder handlers/ in {root}; run this in a project's folder, set CORDBOARD_FOLDER, "
            "or make a project with: cordboard new DIR"
        )
    sys.path[:] = [str(root), *(entry for entry in sys.path if entry != str(root))]
    forget_others(root)
    folders = [package for package in PACKAGES if (root / package).is_dir()]
    for package in folders:
        import_package(package, root / package)
    modules = [module for package in folders for module in import_all(package, root / package)]
    found = {id(one): one for module in modules for one in applications_of(module)}
    applications = checked(list(found.values()), root)
    for module in modules:
        check_values(module, applications)
    found_here = collect(modules)
    for application in applications:
        application.found = found_here
        check_sources(application)
        tell_of_state(application)
    return applications


def tell_of_state(application: Application) -> None:
    """Say in the log what of its state a call loses that goes on in another process."""
    for name, why in unkept(application.state_type).items():
        log.warning(
            Event.STATE_NOT_KEPT,
            application=application.path,
            what=name,
            reason=why,
            fix=STATE_FIX,
        )


def forget_others(root: Path) -> None:
    """Drop ``handlers`` and ``hooks`` that were imported from another folder."""
    for package in PACKAGES:
        module = sys.modules.get(package)
        if module is not None and str(root / package) not in [
            str(Path(one).resolve()) for one in module.__path__
        ]:
            for name in [one for one in sys.modules if one.split(".")[0] == package]:
                del sys.modules[name]
    importlib.invalidate_caches()


def import_all(package: str, folder: Path) -> Iterator[ModuleType]:
    """The package and every module under it."""
    yield sys.modules[package]
    for info in pkgutil.walk_packages([str(folder)], prefix=f"{package}."):
        yield importlib.import_module(info.name)


def import_package(package: str, folder: Path) -> None:
    """Import a package from this folder, with or without ``__init__.py``.

    By path: a package of that name elsewhere on ``sys.path`` would win over one without that file.
    """
    if package in sys.modules:
        return
    spec = ModuleSpec(package, None, is_package=True)
    if (folder / "__init__.py").exists():
        found = spec_from_file_location(
            package, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        spec = found or spec
    elif spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(str(folder))
    module = sys.modules[package] = module_from_spec(spec)
    if spec.loader is not None:
        spec.loader.exec_module(module)


def applications_of(module: ModuleType) -> Iterator[Application]:
    """The applications among a module's values."""
    return (value for value in vars(module).values() if isinstance(value, Application))


def checked(applications: list[Application], root: Path) -> list[Application]:
    """The applications, sorted by path, after the checks of :func:`discover`."""
    if not applications:
        raise ConfigurationError(
            f"no Application in {root / 'handlers'}; write one: "
            'hello = Application("/hello") and a function under @hello.session_new'
        )
    by_path: dict[str, Application] = {}
    for one in applications:
        if one.path in by_path:
            raise ConfigurationError(f"two applications share the path {one.path!r}")
        if "session_new" not in one.handlers:
            raise ConfigurationError(
                f"{one!r} answers no calls; write a function under @….session_new"
            )
        by_path[one.path] = one
    return [by_path[path] for path in sorted(by_path)]
