"""The doctor finds what is wrong, and nothing where all is well.

The cases are made mechanically from what jambonz publishes, by code that shares nothing with the
doctor; the applications are served by a server that shares nothing with ours.
"""

import json
from collections import Counter

import pytest

from app.doctor import RULES, Examination, report
from tests.doctor import grammar
from tests.doctor.cases import Case
from tests.doctor.examining import diagnose_all, examine_all
from tests.doctor.more_cases import GOOD, all_cases
from tests.doctor.openings import AGENT, HOOKED, MENU, SAY, s2s
from tests.doctor.server import Application, Json

FOUND = 0.95
SUGGESTED = 0.95
KINDS, OF_EACH = 15, 9


def told(case: Case, seen: Examination) -> str:
    return f"{case.kind}: {case.name}: {sorted({one.rule for one in seen.findings})}"


async def test_what_is_wrong_is_found_by_the_right_rule_with_the_right_suggestion() -> None:
    cases = all_cases()
    seen = await diagnose_all(cases)
    missed, unsuggested = [], []
    for case, examination in seen:
        right = [one for one in examination.findings if one.rule in case.rules]
        if not right:
            missed.append(told(case, examination))
        elif case.meant and case.meant not in [one.suggestion for one in right]:
            unsuggested.append(f"{told(case, examination)}: {[one.suggestion for one in right]}")
    with_a_name = [case for case in cases if case.meant]

    assert len(missed) <= (1 - FOUND) * len(cases), "\n".join(missed)
    assert len(unsuggested) <= (1 - SUGGESTED) * len(with_a_name), "\n".join(unsuggested)


def test_the_test_set_is_large_and_varied() -> None:
    kinds = Counter(case.kind for case in all_cases())
    tried = {rule for case in all_cases() for rule in case.rules}

    assert len([kind for kind, count in kinds.items() if count >= OF_EACH]) >= 3 * KINDS
    assert tried <= set(RULES)


def commanding(frames: list[Json]) -> Application:
    """A menu that sends commands after its first ack."""
    return Application(
        [MENU],
        spoil=lambda _, message, steps: (
            [*steps, *frames] if message.get("type") == "session:new" else steps
        ),
    )


def healthy() -> list[Application]:
    verbs = [
        Application(grammar.valid(verb), vendor=verb.removesuffix("_s2s"))
        for verb in grammar.verb_names()
    ]
    shown = grammar.examples()
    commands = [one for one in shown if one.get("command", "llm:tool-output") != "llm:tool-output"]
    acked = [one["data"] for one in shown if one.get("type") == "ack" and "data" in one]
    acked += [[one] for one in shown if "verb" in one]
    form: Json = {
        "GREETING": {**GOOD, "default": "Hello", "required": True},
        "TURNS": {"type": "number", "description": "Limit", "default": 20, "enum": [10, 20]},
        "KEY": {"type": "string", "description": "Key", "obscure": True, "uiHint": "input"},
        "CARRIER": {"type": "string", "description": "Carrier", "jambonzResource": "carriers"},
    }
    return [
        *verbs,
        *(Application(verbs) for verbs in acked),
        *(commanding([one]) for one in commands),
        *(Application([verb]) for verb in HOOKED.values()),
        *(
            Application([s2s(vendor)], vendor=vendor)
            for vendor in ("openai", "ultravox", "elevenlabs", "deepgram", "google")
        ),
        Application([AGENT, {"verb": "hangup"}], {"ended": [SAY, {"verb": "hangup"}]}),
        Application([SAY], form=(json.dumps(form), "application/json")),
    ]


async def test_nothing_is_wrong_with_applications_that_are_well() -> None:
    for seen in await examine_all(healthy()):
        assert not seen.findings, "\n".join(report.Page().lines(seen))
        assert not seen.unfinished
        assert report.grade(seen) == "A"


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_tried_by_a_case(rule: str) -> None:
    cases = {one for case in all_cases() for one in case.rules}

    assert rule in cases | ELSEWHERE


ELSEWHERE = {
    *("needless-ack", "verbs-ignored", "scalar-tool-output", "needs-commercial"),
    *("refuses-further-calls", "process-ended", "no-adulting", "tools-without-hook"),
}
"""Rules that `test_rules.py` tries."""
