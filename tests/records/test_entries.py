"""Entries, written without being read, and read back."""

import orjson

from app.feed import Feed
from app.records import read_entries
from app.records.entries import write_entries

FRAME = b'{"type":"agent:event","msgid":"m","hook":"/e","data":{"type":"turn_end","x":"\\u0000"}}'


def test_what_was_published_is_read_as_watchers_saw_it() -> None:
    feed = Feed()
    kept = feed.keep("a")
    feed.publish("a", "session", {"type": "session:new"})
    feed.publish("a", "event", FRAME)
    feed.publish("a", "hook", FRAME)
    feed.publish("a", "tool_output", ("t1", "book", b'{"ok":true}', "ok", 1.5))
    seen = list(iter(feed.watch("a").take, None))

    assert [*read_entries([write_entries(kept)])] == seen


def test_verbs_are_not_kept_nor_the_keys_in_commands() -> None:
    feed = Feed()
    kept = feed.keep("a")
    feed.publish("a", "ack", {"verbs": [{"verb": "agent", "llm": {"auth": {"apiKey": "sk-1"}}}]})
    feed.publish("a", "command", {"command": "redirect", "data": {"auth": {"apiKey": "sk-secret"}}})

    [entry] = read_entries([write_entries(kept)])

    assert (entry.id, entry.kind) == (2, "command")
    assert "sk-secret" not in str(entry.data)


def test_nothing_worth_keeping_is_no_part() -> None:
    assert write_entries([(1, 0.0, "ack", {}), (0, 0.0, "turn", {})]) == ""


def test_ids_go_up_also_where_another_node_took_over() -> None:
    first = orjson.dumps([[1, 5.0, "event", {}], [4, 6.0, "event", {}]]).decode()
    second = orjson.dumps([[1, 7.0, "event", {}], [2, 8.0, "event", {}]]).decode()

    assert [entry.id for entry in read_entries([first, second])] == [1, 4, 5, 6]
