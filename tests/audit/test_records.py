"""The text of a record: one for what it says, however it is written."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from support.entries import NOON, ledger_entry
from support.trails import facts

from gateway.audit.chain import append, append_request, genesis
from gateway.audit.records import Names, Place, canonical, draft, placed, read, request_body, request_text

names = st.none() | st.text()
zones = st.builds(timezone, st.timedeltas(min_value=timedelta(hours=-23), max_value=timedelta(hours=23)))


@given(
    id_=st.text(),
    status=st.text(),
    source=st.just("gateway") | st.text(),
    at=st.datetimes(datetime(1970, 1, 3), datetime(2999, 1, 1), timezones=st.just(UTC) | zones),  # noqa: DTZ001 - zoned by hypothesis
    called=st.builds(Names, tenant=names, subject=names),
    place=st.builds(Place, st.integers(1), st.text("0123456789abcdef", min_size=64, max_size=64), st.booleans()),
)
def test_the_text_of_a_request_is_the_canonical_one(  # noqa: PLR0913, PLR0917 - all that a record says
    id_: str, status: str, source: str, at: datetime, called: Names, place: Place
) -> None:
    """It is written out by hand, since each request waits for it."""
    entry = ledger_entry(id_, status=status, source=source, at=at)

    text = request_text(draft(entry, facts()), called, place)

    assert text == canonical(placed(request_body(entry, called), place, at), facts())


def test_a_request_is_appended_as_any_record_is() -> None:
    """The chain goes on from it in the same way."""
    entry, called = ledger_entry("one"), Names(tenant="a0")
    head = genesis("trail")

    written = append_request(head, draft(entry, facts()), called, key=b"key")

    assert written == append(head, request_body(entry, called), facts(), at=NOON, key=b"key")
    assert (read(written[1]).entry, read(written[1]).sealed) == ("one", True)
