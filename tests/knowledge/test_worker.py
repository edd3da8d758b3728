"""The worker model's reply: an answer to be spoken, its sources, or that it does not know."""

import pytest

from app.knowledge.worker import ask_worker, read_reply
from app.llm import End, FakeModel, ModelError
from app.store.documents import Text

TEXTS = [Text("Opening hours", "We open at nine."), Text("Parking", "Parking is free.")]
TITLES = [each.title for each in TEXTS]


async def test_it_reads_all_documents_under_their_titles_and_the_question() -> None:
    model = FakeModel(["We open at nine."])
    await ask_worker(model, TEXTS, "When do you open?", within=5)
    (request,) = model.requests

    assert '## Document: "Opening hours"\n\nWe open at nine.' in request.system
    assert '## Document: "Parking"\n\nParking is free.' in request.system
    assert [(each.role, each.content) for each in request.messages] == [
        ("user", "When do you open?")
    ]


@pytest.mark.parametrize(
    ("said", "answer", "sources"),
    [
        ("At nine.\nSources: Opening hours", "At nine.", ["Opening hours"]),
        (
            "At nine,\nand free.\n\n**Sources:** parking | OPENING HOURS",
            "At nine, and free.",
            TITLES,
        ),
        ('At nine.\nSource: "Opening hours".', "At nine.", ["Opening hours"]),
        ("At nine.\nSources: A made-up one", "At nine.", []),
        ("At nine.", "At nine.", []),
        (
            "The sources: we have none of them named.",
            "The sources: we have none of them named.",
            [],
        ),
        ("UNKNOWN", "", []),
        ("`Unknown.`\nSources: Parking", "", []),
        ("Sources: Parking", "", []),
    ],
)
def test_a_reply_is_read(said: str, answer: str, sources: list[str]) -> None:
    reply = read_reply(said, TITLES)

    assert (reply.answer, [*reply.sources]) == (answer, sources)


async def test_a_model_that_says_nothing_or_fails_is_an_error() -> None:
    failure = ModelError("overloaded", kind="overloaded")
    model = FakeModel([[End("stop")], failure, ["half", End("error", error=failure)]])

    with pytest.raises(ModelError, match="said nothing"):
        await ask_worker(model, TEXTS, "?", within=5)
    for _ in range(2):
        with pytest.raises(ModelError, match="overloaded"):
            await ask_worker(model, TEXTS, "?", within=5)
