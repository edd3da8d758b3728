"""The unit for one machine starts what there is, and gives it time to end."""

from configparser import ConfigParser

from app.__main__ import _parser
from app.settings.environment import load
from tests.deploy.manifests import ROOT

SPARE = 5


def unit() -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / "deploy/systemd/cordboard.service", encoding="utf-8")
    return parser


def test_the_command_exists() -> None:
    program, *words = unit()["Service"]["ExecStart"].split()

    assert program.endswith("/bin/cordboard")
    assert _parser(words).parse_args(words).workers >= 2


def test_variables_are_settings_and_there_is_time_to_end() -> None:
    lines = (ROOT / "deploy/systemd/cordboard.service").read_text(encoding="utf-8").splitlines()
    given = [line.removeprefix("Environment=") for line in lines if line.startswith("Environment=")]
    loaded = load(dict(each.split("=", 1) for each in given))
    service = unit()["Service"]

    assert str(loaded.data_dir) == f"/var/lib/{service['StateDirectory']}"
    assert int(service["TimeoutStopSec"]) >= loaded.drain_delay + loaded.drain_seconds + SPARE
    assert service["KillMode"] == "mixed", "a worker that is told twice ends at once"
    assert "HUP" in service["ExecReload"]
