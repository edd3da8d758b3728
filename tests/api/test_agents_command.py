"""``cordboard agents``: agents as files, over REST, against a running server."""

import argparse
import asyncio
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from app import agent_files
from app.agent_files import Reach
from app.settings import reach_of_a_command
from app.testing import API_KEY, Cordboard
from tests.api.agents import agent
from tests.api.conftest import Api
from tests.api.test_agent_files import FILE
from tests.api.test_agents import AGENTS, HOOK, make


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Command:
    """The command in a folder, with a server that it knows."""

    folder: Path
    reach: Reach

    async def __call__(self, *words: str, tty: bool = False, plain: bool = False) -> Ran:
        parser = argparse.ArgumentParser()
        agent_files.add_arguments(parser)
        args = parser.parse_args([*words, "--folder", str(self.folder)])
        out, err = Terminal() if tty else io.StringIO(), io.StringIO()
        code = await asyncio.to_thread(
            agent_files.run, args, self.reach, plain=plain, out=out, err=err
        )
        return Ran(code, out.getvalue().replace(f"{self.folder}/", ""), err.getvalue())

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()

    def write(self, name: str, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(text.encode())

    def edit(self, name: str, old: str, new: str) -> None:
        assert old in self.read(name)
        self.write(name, self.read(name).replace(old, new))


@pytest_asyncio.fixture
async def agents(cordboard: Cordboard, api: Api, tmp_path: Path) -> AsyncIterator[Command]:
    yield Command(tmp_path / "agents", Reach(cordboard.url, API_KEY, ""))


@pytest.mark.parametrize("action", ["pull", "push", "diff"])
async def test_a_name_that_stands_for_nothing_is_told(
    action: str, agents: Command, api: Api
) -> None:
    await make(api, name="Front desk")
    await agents("pull")

    ran = await agents(action, "frontdesk")

    assert ran == Ran(1, "frontdesk: is no file or id that is known here\n", "")


async def test_pull_brings_every_agent_into_a_file_of_its_name(agents: Command, api: Api) -> None:
    one = await make(api, name="Front desk")
    await make(api, name="Ärzte & Co.")

    ran = await agents("pull")

    assert ran == Ran(0, "front-desk.md: new: version 1\narzte-co.md: new: version 1\n", "")
    assert agents.read("front-desk.md") == (await api.get(f"{one}/export")).text
    assert await agents("pull") == Ran(
        0, "front-desk.md: unchanged: version 1\narzte-co.md: unchanged: version 1\n", ""
    )


async def test_agents_of_one_name_have_a_file_each(agents: Command, api: Api) -> None:
    await make(api)
    other = await make(api)

    await agents("pull")

    (extra,) = [path.name for path in agents.folder.iterdir() if path.name != "front-desk.md"]
    assert extra == f"front-desk-{other.rpartition('/')[2][:8]}.md"


async def test_push_saves_what_was_edited_and_notes_the_version(agents: Command, api: Api) -> None:
    place = await make(api)
    await make(api, name="Other")
    await agents("pull")
    agents.edit("front-desk.md", "Be brief.", "Be kind.")

    ran = await agents("push", "--note", "Kinder")

    assert ran == Ran(0, "front-desk.md: saved: version 2\nother.md: unchanged: version 1\n", "")
    assert (await api.get(place)).json["prompt"] == "Be kind."
    assert (await api.get(f"{place}/versions")).json[0]["note"] == "Kinder"
    assert agents.read("front-desk.md") == (await api.get(f"{place}/export")).text
    assert "unchanged: version 2" in (await agents("push")).out


async def test_push_makes_a_new_agent_of_a_new_file_and_leaves_the_rest_of_it_alone(
    agents: Command, api: Api
) -> None:
    text = FILE.replace("name: Front", "# who it is\nname:   Front")
    agents.write("desk.md", text)

    ran = await agents("push")

    assert ran == Ran(0, "desk.md: made: version 1\n", "")
    (made,) = (await api.get(AGENTS)).json
    assert agents.read("desk.md") == text.replace(
        "---\n", f"---\nid: {made['id']}\nversion: 1\n", 1
    )
    assert "unchanged" in (await agents("push")).out


async def test_what_may_not_work_is_told(agents: Command, api: Api) -> None:
    agents.write("desk.md", FILE.replace("sage", "newest"))

    ran = await agents("push")

    made, warning = ran.out.splitlines()
    assert (ran.code, made) == (0, "desk.md: made: version 1")
    assert warning.startswith("warning: realtime_config.voice: 'newest' is not known here")


async def test_a_file_of_windows_stays_one(agents: Command, api: Api) -> None:
    agents.write("desk.md", FILE.replace("\n", "\r\n"))

    await agents("push")

    (made,) = (await api.get(AGENTS)).json
    assert made["prompt"] == "You answer the telephone.\n\nBe brief."
    text = agents.read("desk.md")
    assert text.startswith(f"---\r\nid: {made['id']}\r\nversion: 1\r\nname: Front desk\r\n")
    assert text.count("\n") == text.count("\r\n")


async def test_push_refuses_what_has_changed_on_the_server(agents: Command, api: Api) -> None:
    place = await make(api)
    await agents("pull")
    await api.put(place, agent(name="Changed there"))
    agents.edit("front-desk.md", "Be brief.", "Changed here.")

    ran = await agents("push")

    assert ran.code == 1
    assert ran.out == (
        "front-desk.md: refused: it was made of version 1, and version 2 answers calls by now; "
        "pull first, or push --force\n"
    )
    assert (await api.get(place)).json["name"] == "Changed there"
    assert (await agents("push", "--force")).out == "front-desk.md: saved: version 3\n"
    assert (await api.get(place)).json["prompt"] == "Changed here."


async def test_pull_keeps_what_is_not_pushed(agents: Command, api: Api) -> None:
    place = await make(api)
    await agents("pull")
    agents.edit("front-desk.md", "Be brief.", "Changed here.")
    edited = agents.read("front-desk.md")

    kept = await agents("pull")
    await api.put(place, agent(name="Changed there"))
    torn = await agents("pull")

    assert kept == Ran(0, "front-desk.md: kept: it has changes that are not pushed\n", "")
    assert torn.code == 1
    assert "not pushed, and version 2 answers calls" in torn.out
    assert agents.read("front-desk.md") == edited
    assert "taken from the server: version 2" in (await agents("pull", "--force")).out
    assert agents.read("front-desk.md") == (await api.get(f"{place}/export")).text


async def test_pull_brings_an_untouched_file_up_to_date(agents: Command, api: Api) -> None:
    place = await make(api)
    await agents("pull")
    await api.put(place, agent(prompt="Changed there."))

    ran = await agents("pull")

    assert ran == Ran(0, "front-desk.md: updated: version 2, was 1\n", "")
    assert "Changed there." in agents.read("front-desk.md")


async def test_a_draft_leaves_the_file_where_it_is(agents: Command, api: Api) -> None:
    place = await make(api)
    await agents("pull")
    agents.edit("front-desk.md", "Be brief.", "Be kind.")
    before = agents.read("front-desk.md")

    ran = await agents("push", "--draft")

    assert ran.out == "front-desk.md: saved: version 2, a draft\n"
    assert (await api.get(place)).json["prompt"] == "Be brief."
    assert agents.read("front-desk.md") == before


async def test_diff_shows_what_a_push_would_change(agents: Command, api: Api) -> None:
    await make(api)
    await agents("pull")
    other = await make(api, name="Only there")
    assert (await agents("diff", "front-desk.md")) == Ran(0, "", "")
    agents.edit("front-desk.md", "Be brief.", "Be kind.")
    agents.write("new.md", FILE)

    ran = await agents("diff")

    assert ran.code == 1
    assert "front-desk.md: is changed\n--- version 1\n+++ front-desk.md\n" in ran.out
    assert "-Be brief.\n+Be kind.\n" in ran.out
    assert "new.md: is new\n--- nothing\n+++ new.md\n" in ran.out
    assert f"Only there: is on the server only; pull {other.rpartition('/')[2]}\n" in ran.out
    assert "\n id:" not in ran.out
    assert "\x1b" not in ran.out, "no colours in a file"
    colored = await agents("diff", tty=True)
    assert "\x1b[31m-Be brief.\x1b[0m\n\x1b[32m+Be kind.\x1b[0m\n" in colored.out
    assert "\x1b" not in (await agents("diff", tty=True, plain=True)).out


async def test_a_secret_stays_on_the_server(agents: Command, api: Api) -> None:
    await make(api, call_hooks=[HOOK])
    await agents("pull")
    agents.edit("front-desk.md", "Be brief.", "Be kind.")

    assert HOOK["password"] not in agents.read("front-desk.md")
    assert (await agents("push")).code == 0
    agents.edit("front-desk.md", "'***'", "another-password")
    ran = await agents("diff")
    assert "-  password: '***'\n+  password: '*** (a new one)'\n" in ran.out
    assert "another-password" not in ran.out


async def test_what_is_wrong_in_a_file_is_told_with_its_line_and_the_others_go_on(
    agents: Command, api: Api
) -> None:
    agents.write("a.md", FILE.replace("voice", "voic"))
    agents.write("b.md", FILE)
    agents.write("c.md", FILE.replace("name: F", "name: [F"))
    agents.write("README.md", "# Our agents\n")
    place = agents.folder / "a.md"

    ran = await agents("push")

    assert ran.code == 1
    wrong = "a.md:5: realtime_config.voic: is not known here; did you mean 'voice'?\n"
    assert f"a.md: refused\n{wrong}" in ran.out, place
    assert "b.md: made: version 1\n" in ran.out
    assert "c.md: refused\nc.md:3: " in ran.out
    assert "README" not in ran.out
    assert (await agents("pull", "a.md")).code == 0, "it is of no agent yet"


async def test_a_file_whose_agent_is_gone_says_so(agents: Command, api: Api) -> None:
    place = await make(api)
    await agents("pull")
    await api.delete(place)

    assert "front-desk.md: is on the server no more; the file stays" in (await agents("pull")).out
    pushed = await agents("push")
    assert pushed.code == 1
    assert "front-desk.md:2: id: there is no agent" in pushed.out


async def test_names_choose_files(agents: Command, api: Api) -> None:
    one = await make(api)
    await make(api, name="Other")

    assert (await agents("pull", one.rpartition("/")[2])).out == "front-desk.md: new: version 1\n"
    assert (await agents("pull", "other")).out == "other.md: new: version 1\n"
    assert (await agents("push", "front-desk")).out == "front-desk.md: unchanged: version 1\n"


async def test_a_file_that_is_no_text_is_told(agents: Command, api: Api) -> None:
    agents.folder.mkdir()
    (agents.folder / "a.md").write_bytes(b"---\nname: \xff\n---\n")

    ran = await agents("push")

    assert ran.code == 1
    assert "a.md: refused: The body is not UTF-8" in ran.out


async def test_a_server_that_does_not_answer_or_refuses_is_told(
    agents: Command, cordboard: Cordboard
) -> None:
    agents.reach = Reach(cordboard.url, "wrong", "")
    refused = await agents("pull")
    assert refused.code == 2
    assert "CORDBOARD_API_KEYS" in refused.err

    agents.reach = Reach("http://127.0.0.1:9", "", "")
    away = await agents("pull")
    assert away.code == 2
    assert "cannot reach http://127.0.0.1:9" in away.err
    assert "--server" in (await agents("pull", "--server", "ftp://a")).err


async def test_the_key_goes_nowhere_else(agents: Command) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/api/agents"})

    app = web.Application()
    app.router.add_get("/api/agents", answer)
    async with TestServer(app) as server:
        ran = await agents("pull", "--server", str(server.make_url("")))

    assert ran.code == 2
    assert "leads to http://127.0.0.1:9/api/agents" in ran.err
    assert seen == [f"Bearer {API_KEY}"]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ("http://127.0.0.1:3000", "", "own-key")),
        ({"CORDBOARD_PORT": "4000"}, ("http://127.0.0.1:4000", "", "own-key")),
        ({"CORDBOARD_API_KEYS": "a,b"}, ("http://127.0.0.1:3000", "a", "own-key")),
    ],
)
def test_where_the_command_finds_a_server_and_its_key(
    tmp_path: Path, environ: dict[str, str], expected: tuple[str, str, str]
) -> None:
    (tmp_path / "api-key").write_text("own-key\n")

    assert reach_of_a_command({"CORDBOARD_DATA_DIR": str(tmp_path), **environ}) == expected
    assert reach_of_a_command({"CORDBOARD_DATA_DIR": "/nowhere"})[2] == ""


async def test_the_command_line_does_the_same_without_loading_a_server(
    cordboard: Cordboard, api: Api, tmp_path: Path
) -> None:
    await make(api)
    code = (
        "import sys\nfrom app.__main__ import main\n"
        "code = main(sys.argv[1:])\n"
        "heavy = {'sqlalchemy', 'pydantic_core', 'aiohttp.web'} & set(sys.modules)\n"
        "print(heavy - {'pydantic_core'}, code)\n"
    )
    words = ["agents", "pull", "--server", cordboard.url, "--folder", str(tmp_path / "agents")]
    environ = {"PATH": os.environ["PATH"], "CORDBOARD_API_KEYS": API_KEY}

    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code, *words],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.endswith("front-desk.md: new: version 1\nset() 0\n"), ran.stderr
