"""Conversations with the offline model that a newcomer would have."""

from collections.abc import Mapping

import pytest

from app.llm import CALL_CONNECTED, CALLER_SILENT, ChatMessage, ToolCall, ToolDefinition
from tests.llm_phone import ASSISTANT, ELSE, TRANSFER, WEATHER, Phone, text_of


async def test_it_greets_as_who_it_is() -> None:
    greeting = await Phone().say(CALL_CONNECTED)

    assert greeting == "Hello! I am your friendly weather assistant. How can I help?"


async def test_it_calls_the_tool_and_says_its_result_as_a_sentence() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    answer = await phone.say("what's the weather in portland")

    assert phone.calls == [("get_weather", {"city": "Portland"})]
    assert answer == f"In Portland, the temperature is 52 celsius. {ELSE}"


async def test_two_cities_are_two_calls_in_one_turn() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    answer = await phone.say("weather in Paris and London")

    assert phone.calls == [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "London"})]
    assert answer.startswith("In Paris, the temperature is 52 celsius. In London, the temp")


async def test_two_requests_are_calls_of_two_tools() -> None:
    phone = Phone(ASSISTANT, WEATHER, TRANSFER)

    await phone.say("What is the weather in Paris and then transfer me to billing")

    assert [name for name, _ in phone.calls] == ["get_weather", "transfer_call"]


async def test_it_asks_for_what_is_missing_and_remembers_the_question() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    assert await phone.say("How is the weather in fahrenheit?") == "Which city?"
    await phone.say("it's portland, please")

    assert phone.calls == [("get_weather", {"scale": "fahrenheit", "city": "Portland"})]


async def test_it_lets_go_of_a_question_that_is_not_answered() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)
    await phone.say("How is the weather?")

    assert await phone.say("never mind") == "All right."
    assert phone.calls == []


async def test_a_silent_caller_does_not_make_it_forget_its_question() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)
    await phone.say("How is the weather?")

    assert await phone.say(CALLER_SILENT) == "Are you still there?"
    await phone.say("Portland")

    assert phone.calls == [("get_weather", {"city": "Portland"})]


@pytest.mark.parametrize(
    ("more", "arguments"),
    [
        ("And in London?", {"city": "London"}),
        ("and london?", {"city": "London"}),
        ("what about new york", {"city": "New York"}),
        ("in fahrenheit please", {"city": "Paris", "scale": "fahrenheit"}),
    ],
)
async def test_a_follow_up_changes_only_what_it_names(
    more: str, arguments: Mapping[str, object]
) -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say("Weather in Paris?")

    await phone.say(more)

    assert phone.calls[-1] == ("get_weather", arguments)


async def test_a_tools_error_is_said_and_what_it_asks_for_is_asked() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    answer = await phone.say("Weather in Atlantis?")
    await phone.say("Portland")

    assert answer == "Sorry, no forecast for 'Atlantis'. Could you tell me a nearby city?"
    assert phone.calls[-1] == ("get_weather", {"city": "Portland"})


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ({"result": "It is sunny"}, "It is sunny."),
        ({"result": 52}, "The answer is 52."),
        ({"result": []}, "I found nothing."),
        ({"result": False}, "No."),
        ({}, "Done."),
        (None, "Done."),
        ({"slots": ["09:30", "11:00"]}, "The slots are 09:30 and 11:00."),
        ({"slots": []}, "There are no slots."),
        ({"price": 59.9, "currency": "EUR"}, "The price is 59.9 EUR."),
        ({"isOpen": True}, "The is open is yes."),
        ({"tags": list("abcde")}, "The tags are a, b, c and 2 more."),
        ({"error": {"code": 7}}, "Sorry, code 7."),
        (
            {"error": "Wrong:\n- city: missing\n- x: odd"},
            "Sorry, that did not fit: city: missing and x: odd.",
        ),
        (
            "This still runs. Tell the caller that you are working on it, and do not call again.",
            "I am working on it.",
        ),
        (
            {"error": "It was stopped. Tell the caller that it failed, and offer to try again."},
            "It failed. Shall I try again?",
        ),
        (
            {"error": "It failed. Tell the caller that this is not possible, and offer tea."},
            "This is not possible. I can offer you tea.",
        ),
        ({"note": "Done before.", "result": "Booked"}, "Booked."),
        ({"answer": "We open at nine.", "sources": ["Hours"]}, "We open at nine."),
        ({"output": {"result": "Booked"}}, "Booked."),
        (
            {
                "answer": "The documents do not say. Tell the caller so; do not guess.",
                "sources": [],
            },
            "The documents do not say.",
        ),
        (
            "You are about to be connected: it begins soon. Tell the caller so now. Wait.",
            "You are about to be connected.",
        ),
    ],
)
async def test_results_of_any_shape_are_said(result: object, sentence: str) -> None:
    phone = Phone("", ToolDefinition("look_around", "Look around."))
    phone.results["look_around"] = lambda _: result

    answer = await phone.say("please look around")

    assert answer.removesuffix(ELSE).strip() == sentence


async def test_a_text_whose_pattern_is_of_digits_is_found_among_the_words() -> None:
    order = {"type": "string", "pattern": "^[0-9]{5}$", "description": "Five digits."}
    schema = {"type": "object", "properties": {"order": order}, "required": ["order"]}
    phone = Phone("", ToolDefinition("find_order", "Find an order.", schema))

    await phone.say("Find order 12345")

    assert phone.calls == [("find_order", {"order": "12345"})]


async def test_a_choice_is_found_by_what_its_description_says_that_it_stands_for() -> None:
    number = {
        "type": "string",
        "enum": ["+14155550100", "+14155550101"],
        "description": "+14155550100: Sales, buying; +14155550101: Service desk",
    }
    schema = {"type": "object", "properties": {"phone_number": number}}
    schema["required"] = ["phone_number"]
    phone = Phone("", ToolDefinition("transfer_call", "Transfer the caller.", schema))

    await phone.say("Transfer me to the service desk")

    assert phone.calls == [("transfer_call", {"phone_number": "+14155550101"})]


async def test_a_question_that_fits_no_tool_is_told_what_would() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    assert await phone.say("tell me a joke") == (
        "I have no answer to “tell me a joke”. I can help with: current temperature in a city."
    )


async def test_any_question_goes_to_a_tool_that_takes_any_question() -> None:
    search = ToolDefinition(
        "query_knowledge",
        "Search the documents.",
        {"properties": {"query": {"type": "string"}}, "required": ["query"]},
    )
    phone = Phone(ASSISTANT, search)

    await phone.say("Do I get my money back?")

    assert phone.calls == [("query_knowledge", {"query": "Do I get my money back?"})]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("hello", "Hello! How can I help?"),
        ("thanks", f"You are welcome! {ELSE}"),
        ("bye", "Thank you for calling. Goodbye."),
        ("no thanks", "All right."),
        ("are you still there?", "Yes, I am here. How can I help?"),
        ("My name is Bob.", "Nice to meet you, Bob. How can I help?"),
        ("who are you?", "I am your friendly weather assistant. How can I help?"),
    ],
)
async def test_small_talk(said: str, answer: str) -> None:
    phone = Phone()
    await phone.say(CALL_CONNECTED)

    assert await phone.say(said) == answer


async def test_goodbye_uses_a_tool_that_hangs_up() -> None:
    phone = Phone(ASSISTANT, ToolDefinition("end_call", "End the call."))
    phone.history.append(ChatMessage("user", "Goodbye"))

    events = await phone.events()

    assert text_of(events).endswith("Goodbye.")
    assert [event.name for event in events if isinstance(event, ToolCall)] == ["end_call"]


# The four mid-call updates can be heard


async def test_new_instructions_make_it_somebody_else() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    phone.system = "You are now a billing support agent."

    assert await phone.say("Weather in Paris?") == (
        f"I am now your billing support agent. In Paris, the temperature is 52 celsius. {ELSE}"
    )
    assert await phone.say("who are you?") == (
        "I am your billing support agent. I can help with: current temperature in a city."
    )


@pytest.mark.parametrize("rule", ["Answer in one short sentence.", "Be brief.", "Keep it short!"])
async def test_instructions_to_be_brief_shorten_every_answer(rule: str) -> None:
    phone = Phone(rule, WEATHER)

    assert await phone.say("Weather in Paris?") == "Paris: temperature 52 celsius."
    assert await phone.say("tell me a joke") == "Sorry, I cannot help with that."
    assert await phone.say("bye") == "Goodbye."


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("Say exactly: Ahoy. All is well.", "Ahoy. All is well."),
        ('Reply only with "No comment."', "No comment."),
        ("Speak Spanish.", "In Spanish: Hello! How can I help?"),
        ('End every reply with "Stay dry!"', "Hello! How can I help? Stay dry!"),
        ("Begin every answer with: Ahoy", "Ahoy Hello! How can I help?"),
        ("Your name is Ada.", "I am now Ada. Hello! How can I help?"),
        ("You now handle billing.", "I now handle billing. Hello! How can I help?"),
        ("Tell the caller that we close soon.", "Hello! How can I help? We close soon."),
        ("Speak like a pirate.", "Like a pirate: Hello! How can I help?"),
        ("Reply in ALL CAPS.", "HELLO! HOW CAN I HELP?"),
    ],
)
async def test_other_instructions_show_in_the_answer(rule: str, answer: str) -> None:
    phone = Phone()
    await phone.say("hello")

    phone.system = rule

    assert await phone.say("hello") == answer


@pytest.mark.parametrize(
    ("instructions", "answer"),
    [
        ("Say that the line closes in five minutes.", "The line closes in five minutes."),
        ("Say hello to Anna.", "Hello Anna."),
        ("Ask for their account number.", "Could you tell me your account number?"),
    ],
)
async def test_instructions_for_one_reply_are_obeyed(instructions: str, answer: str) -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)
    phone.system += f"\n\n{instructions}"

    assert await phone.say("") == answer


async def test_a_greeting_that_is_given_is_used() -> None:
    assert await Phone('Greet the caller with "Acme, good day!"').say(CALL_CONNECTED) == (
        "Acme, good day!"
    )


@pytest.mark.parametrize(
    "context",
    ["Caller's name is Sarah Mitchell, gold tier", "CRM: Sarah Mitchell, gold tier"],
)
async def test_injected_context_is_used_to_address_the_caller(context: str) -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say(CALL_CONNECTED)

    phone.system += f"\n\n{context}"

    assert (await phone.say("Weather in Paris?")).startswith("Sarah, in Paris, the temperature")
    assert await phone.say("who am I?") == "Your name is Sarah Mitchell."
    assert "gold tier" in await phone.say("What is my tier?")


async def test_facts_are_found_in_a_long_prompt_and_in_what_the_caller_said() -> None:
    filler = "\n".join(f"Rule {number} is about paperwork." for number in range(3_000))
    phone = Phone(f"{filler}\nOur opening hours are 9 to 5.\n{filler}")

    assert await phone.say("What are your opening hours?") == "Our opening hours are 9 to 5."
    await phone.say("My order number is 12345.")
    assert await phone.say("What was my order number?") == "Your order number is 12345."


async def test_context_given_as_a_users_message_is_a_fact_too() -> None:
    phone = Phone()
    phone.history.append(ChatMessage("user", "CRM context: gold tier"))

    assert "gold tier" in await phone.say("Which tier am I on?")


async def test_a_tool_that_is_taken_away_cannot_be_used_any_more() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say("Weather in Paris?")

    phone.tools = (TRANSFER,)

    assert (await phone.say("Weather in London?")).startswith("Sorry, I cannot do that now.")
    await phone.say("billing please")
    assert phone.calls[-1] == ("transfer_call", {"department": "billing"})


@pytest.mark.parametrize(
    ("user_input", "reply"),
    [
        ("Tell the caller about the sale.", "The sale ends on Friday."),
        ("Apologise briefly and go on.", "I am sorry about that. Please go on."),
        (
            "Apologise for the trouble, and offer to call back.",
            "I am sorry for the trouble. Shall I call back?",
        ),
        ("Ask the caller for their order number.", "Could you tell me your order number?"),
        ("Ask the caller if they want to go on.", "May I ask whether you want to go on?"),
        ("Offer the caller a discount.", "I can offer you a discount."),
        ("Tell the caller the shop closes at 5.", "The shop closes at 5."),
        ("Remind them to bring their passport.", "Please bring your passport."),
        ("Thank the caller for waiting.", "Thank you for waiting."),
        ("Say: Please hold.", "Please hold."),
        ("The caller has been silent for 12 seconds.", "Are you still there?"),
        ("Rain is coming.", "You said “Rain is coming”. How can I help?"),
    ],
)
async def test_the_input_of_generate_reply_shows_in_the_reply(user_input: str, reply: str) -> None:
    phone = Phone(f"{ASSISTANT}\nThe sale ends on Friday.")
    await phone.say(CALL_CONNECTED)

    assert await phone.say(user_input) == reply


async def test_instructions_for_one_reply_show_without_any_input() -> None:
    phone = Phone(f"{ASSISTANT}\n\nMention that we close at five.")
    phone.history.append(ChatMessage("assistant", "I am your friendly weather assistant."))

    assert await phone.reply() == "We close at five."


@pytest.mark.parametrize(
    ("context", "answer"),
    [
        (
            'The result of get_weather, which was still running, has come: {"city": "Bonn"}',
            "The city is Bonn.",
        ),
        ("The result of look, which was still running, has come: It rains.", "It rains."),
        (
            'The tool look has finished. Its result: {"n": 3}\n\nTell the caller the result of look'
            " that has just come.",
            "The n is 3.",
        ),
        (
            "The tool look, which was still running, has ended without a result: The tool did not"
            " finish, and no result will come. Tell the caller that it did not work.",
            "It did not work.",
        ),
    ],
)
async def test_a_late_result_is_told_by_itself_and_then_no_more(context: str, answer: str) -> None:
    phone = Phone(f"You are helpful.\n\n{context}")
    phone.history.append(ChatMessage("assistant", "You are helpful."))

    assert await phone.reply() == answer
    assert await phone.say("thanks") == f"You are welcome! {ELSE}"


async def test_a_late_result_in_the_context_can_be_told() -> None:
    phone = Phone(f'{ASSISTANT}\n\nTool get_weather finished: {{"city": "Bonn", "rain": true}}')
    await phone.say(CALL_CONNECTED)

    answer = await phone.say("Tell the caller the result of get_weather.")

    assert answer == "The city is Bonn and the rain is yes."
