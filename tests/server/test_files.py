"""A server takes as many open files as its calls need."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("resource")
CALLS = 1000
CASES = [(3500, 4000), (256, 4000), (256, 1024)]  # who has given a right away does not get it back
CODE = """
import json, resource, sys
from structlog.testing import capture_logs
from app.server.files import allow_open_files
calls, cases = json.loads(sys.argv[1])
for case in cases:
    resource.setrlimit(resource.RLIMIT_NOFILE, case)
    with capture_logs() as lines:
        allow_open_files(calls)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    print(json.dumps([*limits, *(line["event"] for line in lines)]))
"""


def test_the_limit_is_raised_as_far_as_the_calls_need_and_a_line_says_where_it_may_not() -> None:
    words = [sys.executable, "-c", CODE, json.dumps([CALLS, CASES])]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    high_enough, raised, refused = map(json.loads, ran.stdout.splitlines())

    assert high_enough == [3500, 4000]
    assert raised == [3000, 4000]
    assert refused == [1024, 1024, "few_open_files"]
