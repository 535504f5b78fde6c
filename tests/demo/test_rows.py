"""The demo's requests are what its page promises."""

from collections import Counter

import pytest
from pydantic import ValidationError

from gateway.demo.rows import LABELS, DemoRow, load_rows


def test_forty_tickets_have_five_of_each_label() -> None:
    """The accuracy that the demo shows is over forty tickets, spread evenly."""
    tickets = [row for row in load_rows() if row.is_ticket]

    counts = Counter(row.label for row in tickets)

    assert counts == dict.fromkeys(LABELS, 5)


def test_no_two_rows_share_an_id_or_a_prompt() -> None:
    """Every decision is traceable to one request, and every answer of the stand-in to one prompt."""
    rows = load_rows()

    unique = len({row.id for row in rows}), len({row.prompt for row in rows})

    assert unique == (len(rows), len(rows))


def test_a_ticket_request_carries_the_instruction_the_text_and_the_task() -> None:
    """Any model can answer the ticket, since the request says what is asked."""
    row = next(row for row in load_rows() if row.id == "billing-1")

    request = row.request(run="r1")

    assert (request.id, request.task) == ("r1-billing-1", "classification")
    assert [message.role for message in request.messages] == ["system", "user"]
    assert request.messages[-1].text == row.text


def test_an_image_row_keeps_its_image_part() -> None:
    """The image reaches whoever may answer, unchanged."""
    row = next(row for row in load_rows() if row.id == "image-1")

    content = row.request(run="r1").messages[-1].content

    assert isinstance(content, tuple)
    assert [part.type for part in content] == ["text", "image_url"]


def test_plain_message_rows_are_read_too() -> None:
    """A row may give whole messages instead of one text."""
    row = DemoRow(id="x", messages=({"role": "user", "content": "hello"},), stand_in="hi")

    request = row.request(run="r1")

    assert request.messages[0].text == "hello"


def test_a_closed_model_that_reasons_gets_room_for_it() -> None:
    """What a provider's model may see has a higher bound and asks for little thinking; what stays here does not."""
    public, private = (
        DemoRow(id="x", text="hello", private=hidden, stand_in=None if hidden else "hi") for hidden in (False, True)
    )

    sampling = [row.request(run="r1", reasoning=True).sampling for row in (public, private)]

    assert (sampling[0]["max_tokens"], sampling[0]["reasoning_effort"]) == (576, "low")
    assert (sampling[1]["max_tokens"], "reasoning_effort" in sampling[1]) == (64, False)


@pytest.mark.parametrize(
    "row",
    [
        {"id": "neither", "stand_in": "hi"},
        {"id": "both", "text": "a", "messages": [{"role": "user", "content": "a"}], "stand_in": "hi"},
        {"id": "private with an answer", "text": "a", "private": True, "stand_in": "hi"},
        {"id": "no answer", "text": "a"},
    ],
    ids=lambda row: row["id"],
)
def test_a_row_that_contradicts_itself_is_refused(row: dict[str, object]) -> None:
    """A mistake in the data shows when it is read, not in the figures."""
    with pytest.raises(ValidationError):
        DemoRow.model_validate(row)
