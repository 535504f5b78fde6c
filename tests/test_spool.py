"""A spool keeps what a ledger was given, says what it cannot read, and forgets what is on the books."""

import json
import os
import resource
import stat
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.entries import NOON, attempt_record, ledger_entry
from support.trails import FOREIGN, PHI, contact, evidence
from support.unmeasured import unmeasured

import gateway
from gateway.audit.evidence import Evidence
from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.interfaces import SpoolPlace
from gateway.spool import RESERVED, Line, Spool, Spooled, SpoolError, set_aside, spools
from gateway.types import Label, Level, Money, Usage

MOST = 1 << 20
TESTS = Path(__file__).parent
TOLD = evidence(
    contact(), contact(FOREIGN, sent=Label(level=Level.PUBLIC), error="timeout"), tenant="acme", subject="J"
)
COMPARED = HoldoutRecord(entry_id="one", attempt=attempt_record(purpose="holdout", cost=None), at=NOON)
ENTRIES = (
    ledger_entry("plain"),
    ledger_entry("refused", status="refused", attempts=(), cost=None, difficulty=None, local=None, tenant=None),
    ledger_entry("half \ud800", tags=("\udfff", 'a"\n\\'), task="\0", kinds=("ä",)),
    ledger_entry(
        "full",
        attempts=(attempt_record(), attempt_record(error="timeout", usage=Usage(), score=None, first_token_s=1 / 3)),
        features=b"\x00\xff\n",
        classifier="c",
        cost=Money(-(2**70)),
        streamed=True,
        holdout=True,
        team="sales",
        source="jsonl",
        managed_cost=Money(3),
        duration_s=1e-9,
    ),
)


@pytest.fixture
def place(tmp_path: Path) -> SpoolPlace:
    return SpoolPlace(tmp_path / "books" / "ledger.db", durable=False)


@pytest.fixture
def spool(place: SpoolPlace) -> Spool:
    return Spool.make(place, most=MOST)


def kept(spool: Spool) -> list[LedgerEntry | HoldoutRecord | None]:
    return [line.spooled and line.spooled.what for line in spool.lines(1000)]


def left_behind(place: SpoolPlace, *what: LedgerEntry | HoldoutRecord) -> Path:
    """Return the spool of a process that has ended."""
    spool = Spool.make(place, most=MOST)
    for one in what:
        spool.append(Spooled(one, TOLD))
    spool.close()
    return spool.path


def taken(path: Path) -> Spool:
    spool = Spool.open(path)
    assert spool is not None
    return spool


def sealed(told: dict[str, Any]) -> bytes:
    text = json.dumps(told).encode()
    return b"%s %s\n" % (sha256(text).hexdigest()[:16].encode(), text)


@pytest.mark.parametrize("what", [*ENTRIES, COMPARED], ids=lambda what: getattr(what, "id", "comparison"))
@pytest.mark.parametrize("told", [TOLD, evidence(label=PHI), None], ids=["parties", "nobody", "none"])
def test_what_was_kept_comes_back_as_it_was(
    place: SpoolPlace, what: LedgerEntry | HoldoutRecord, told: Evidence | None
) -> None:
    """To whoever takes the file over, and to its own process."""
    spool = Spool.make(place, most=MOST)
    spool.append(Spooled(what, told))
    (own,) = spool.lines(9)
    spool.close()

    (line,) = taken(spool.path).lines(9)

    assert line.spooled == own.spooled == Spooled(what, told)


@given(text=st.text(), number=st.floats(allow_nan=False), cost=st.integers(), blob=st.binary())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_values_are_they_come_back(spool: Spool, text: str, number: float, cost: int, blob: bytes) -> None:
    """Exactly, to the last digit."""
    entry = ledger_entry(text, difficulty=number, cost=Money(cost), features=blob, tenant=text)

    spool.append(Spooled(entry, Evidence(facts=TOLD.facts, tenant=text, subject=text)))
    lines = spool.lines(1)
    spool.booked(lines[-1])

    assert lines[0].spooled == Spooled(entry, Evidence(facts=TOLD.facts, tenant=text, subject=text))


def test_only_the_owner_may_read_it(spool: Spool) -> None:
    """Tenants and subjects stand there in clear."""
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600


def test_lines_are_given_in_order_and_a_few_at_a_time(spool: Spool) -> None:
    """What is on the books is not given again."""
    for number in range(5):
        spool.append(Spooled(ledger_entry(f"{number}"), None))

    first = spool.lines(2)
    spool.booked(first[-1])
    waiting = spool.waiting
    rest = spool.lines(9)

    assert [line.spooled and line.spooled.what for line in (*first, *rest)] == [ledger_entry(f"{n}") for n in range(5)]
    assert (waiting, len(rest)) == (3, 3)


def test_where_it_went_on_is_noted_in_the_file(place: SpoolPlace) -> None:
    """Who takes it over begins where the other process ended."""
    spool = Spool.make(place, most=MOST)
    for number in range(3):
        spool.append(Spooled(ledger_entry(f"{number}"), None))
    spool.booked(spool.lines(2)[-1])
    spool.close()

    again = taken(spool.path)

    assert (kept(again), again.waiting) == ([ledger_entry("2")], 1)


def test_nothing_is_left_in_the_file_of_what_is_on_the_books(spool: Spool) -> None:
    """And it is used again from its beginning."""
    for _ in range(3):
        spool.append(Spooled(ledger_entry("secretary"), TOLD))
        spool.booked(spool.lines(1)[-1])

    content = spool.path.read_bytes()

    assert (b"secretary" in content, spool.waiting, spool.since_us) == (False, 0, None)
    assert content[64:].strip(b"\0") == b""


def test_it_says_since_when_its_first_line_waits(spool: Spool) -> None:
    """By the time of the line that is the first now."""
    spool.append(Spooled(ledger_entry("a"), None))
    spool.append(Spooled(ledger_entry("b"), None))
    since = spool.since_us

    first, second = spool.lines(9)
    spool.booked(first)
    spool.lines(9)

    assert since == first.at_us
    assert spool.since_us == second.at_us >= first.at_us > 0


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_an_altered_line_is_told_and_costs_no_other(place: SpoolPlace, data: st.DataObject) -> None:
    """Wherever it was touched, and whatever stands there now."""
    path = left_behind(place, *(ledger_entry(f"{n}") for n in range(3)))
    content = path.read_bytes().rstrip(b"\0")
    begins = [40, *(at + 1 for at in range(40, len(content)) if content[at : at + 1] == b"\n")]
    at = data.draw(st.integers(begins[1], begins[2] - 2))
    byte = data.draw(st.integers(1, 255).filter(lambda byte: byte not in (content[at], 10)))
    path.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])

    spool = taken(path)

    assert kept(spool) == [ledger_entry("0"), None, ledger_entry("2")]
    spool.remove()


@pytest.mark.parametrize("cut", [2, 100])
def test_a_line_that_was_cut_off_is_told(place: SpoolPlace, cut: int) -> None:
    """Its process was killed in the middle of writing it."""
    path = left_behind(place, ledger_entry("whole"), ledger_entry("cut"))
    path.write_bytes(path.read_bytes().rstrip(b"\0")[:-cut])

    assert kept(taken(path)) == [ledger_entry("whole"), None]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"at_us": 1},
        {"at_us": 1, "entry": {"features": None}, "calls": []},
        {"at_us": 1, "entry": None, "calls": []},
        {"at_us": 1, "of": "one", "holdout": {"new": 1}},
    ],
)
def test_a_line_of_another_kind_is_told(place: SpoolPlace, told: dict[str, Any]) -> None:
    """Its sum may be right all the same."""
    path = left_behind(place, ledger_entry("ours"))
    path.write_bytes(path.read_bytes().rstrip(b"\0") + sealed(told))

    assert kept(taken(path)) == [ledger_entry("ours"), None]


def test_a_file_that_was_cut_off_under_us_gives_what_it_has(spool: Spool) -> None:
    """And the rest is missed by nobody's waiting for ever."""
    spool.append(Spooled(ledger_entry("one"), None))
    os.truncate(spool.path, 40)

    assert spool.lines(9) == []


def test_long_lines_are_read_whole(place: SpoolPlace) -> None:
    """Also those that are longer than what is read at once."""
    long, longer = ledger_entry("long", task="x" * 70_000), ledger_entry("longer", task="y" * 200_000)

    assert kept(taken(left_behind(place, long, longer, ENTRIES[0]))) == [long, longer, ENTRIES[0]]


def test_a_line_is_set_aside_as_it_is(spool: Spool) -> None:
    """For people: nothing is thrown away because it cannot be read."""
    spool.set_aside(Line(1, b"what it was", None, 0, 0))
    path = spool.set_aside(Line(2, b"and more", None, 0, 0))

    assert path.read_bytes() == b"what it was\nand more\n"
    assert (path.name, stat.S_IMODE(path.stat().st_mode)) == ("ledger.db.spool-unreadable", 0o600)
    path.unlink()
    path.mkdir()
    with pytest.raises(SpoolError, match="directory"):
        spool.set_aside(Line(3, b"", None, 0, 0))


def test_what_was_set_aside_is_counted_and_is_no_spool(place: SpoolPlace, spool: Spool) -> None:
    """Nobody tries to write it again."""
    before = set_aside(place)
    spool.set_aside(Line(1, b"what it was", None, 0, 0))
    path = spool.set_aside(Line(2, b"and more", None, 0, 0))

    assert (before, set_aside(place)) == ((path, 0), (path, 2))
    assert spools(place) == [spool.path]


def test_a_full_spool_says_so_and_goes_on(place: SpoolPlace) -> None:
    """What does not fit is refused whole, what fits is taken."""
    spool = Spool.make(place, most=4000)
    spool.append(Spooled(ledger_entry("first"), None))

    with pytest.raises(SpoolError, match=r"full: 4,000 bytes; see ledger\.spool\.most_mb"):
        spool.append(Spooled(ledger_entry("large", task="x" * 4000), None))
    spool.append(Spooled(ledger_entry("small"), None))

    assert kept(spool) == [ledger_entry("first"), ledger_entry("small")]


def test_the_room_for_the_first_lines_is_taken_beforehand(spool: Spool) -> None:
    """A disk that is full later has room for them."""
    assert spool.path.stat().st_size == min(RESERVED, MOST)


LIMITED = """
import resource, sys
from pathlib import Path
from gateway.interfaces import SpoolPlace
from gateway.spool import Spool, Spooled, SpoolError
from support.entries import ledger_entry
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
spool = Spool.make(SpoolPlace(Path(sys.argv[1]), False), most=1 << 20)
for number in range(9):
    try:
        spool.append(Spooled(ledger_entry(f"{number}"), None))
    except SpoolError as error:
        print(error, spool.path.stat().st_size == spool._end)
        break
print(spool.waiting, [line.spooled.what.id for line in spool.lines(9)])
spool.close()
"""


def test_a_disk_that_is_full_leaves_no_half_line(place: SpoolPlace) -> None:
    """What was kept before is whole. The limit of a file's size stands in for the disk."""
    environ = unmeasured(PYTHONPATH=os.pathsep.join(map(str, (TESTS, Path(gateway.__file__).parents[1]))))

    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", LIMITED, str(place.stem)], env=environ, capture_output=True, text=True, check=True
    )

    count = int(ran.stdout.splitlines()[1].split()[0])
    assert ran.stdout.splitlines()[0] == "File too large True"
    assert 1 <= count < 9
    assert kept(taken(spools(place)[0])) == [ledger_entry(f"{number}") for number in range(count)]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 5000


def test_the_spool_of_a_living_process_is_not_taken_over(place: SpoolPlace, spool: Spool) -> None:
    """It is its own to write; anybody may look how much waits."""
    spool.append(Spooled(ledger_entry("one"), None))

    looked = Spool.open(spool.path, locked=False)

    assert Spool.open(spool.path) is None
    assert looked is not None
    assert looked.waiting == 1


def test_a_spool_that_is_gone_is_none(place: SpoolPlace, spool: Spool) -> None:
    """Another process may have written it to the books just now."""
    path = spool.path
    assert not spool.is_gone

    spool.remove()

    assert Spool.open(path) is None
    assert spools(place) == []
    assert spools(SpoolPlace(place.stem / "nowhere", durable=False)) == []


def test_a_spool_without_its_name_knows_it(spool: Spool) -> None:
    """Somebody removed the file, or put another in its place."""
    spool.path.unlink()
    assert spool.is_gone

    spool.path.touch()
    assert spool.is_gone


@pytest.mark.parametrize(
    "header", [b"", b"hybrid-gateway spool 2 0000000000000028\n", b"hybrid-gateway spool 1 later", b"Dear Sir or Madam"]
)
def test_what_is_no_spool_of_ours_is_left_as_it_is(place: SpoolPlace, header: bytes) -> None:
    """Another version may read it, or it is somebody's letter."""
    path = left_behind(place)
    path.write_bytes(header)

    with pytest.raises(SpoolError, match="is no spool, or one of another version"):
        Spool.open(path)

    assert path.read_bytes() == header


def test_what_cannot_be_opened_says_why(place: SpoolPlace, tmp_path: Path) -> None:
    """For making one, and for reading one."""
    place.stem.parent.mkdir()
    (place.stem.parent / "ledger.db.spool-1").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(SpoolError, match="directory"):
        Spool.open(place.stem.parent / "ledger.db.spool-1")
    with pytest.raises(SpoolError, match=r"Not a directory|File exists"):
        Spool.make(SpoolPlace(tmp_path / "file" / "ledger.db", durable=False), most=MOST)


def test_a_file_that_fails_under_us_says_why(spool: Spool) -> None:
    """A disk that was taken away, for instance."""
    spool.append(Spooled(ledger_entry("one"), None))
    (line,) = spool.lines(1)
    spool.close()

    with pytest.raises(SpoolError, match="Bad file descriptor"):
        spool.append(Spooled(ledger_entry("two"), None))
    with pytest.raises(SpoolError, match="Bad file descriptor"):
        spool.lines(1)
    spool.booked(line)
    assert spool.waiting == 0


def test_a_child_does_not_write_into_its_parents_spool(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would write to the same place."""
    monkeypatch.setattr("os.getpid", lambda: -1)

    with pytest.raises(SpoolError, match="fork"):
        spool.append(Spooled(ledger_entry("child"), None))


def test_a_line_survives_the_disk_where_that_is_asked(spool: Spool) -> None:
    """`durable` waits for it."""
    spool.append(Spooled(replace(ENTRIES[0], id="kept"), None))

    spool.sync()

    assert kept(spool) == [replace(ENTRIES[0], id="kept")]
