"""`kind: names`: what it takes for a name or an address, what it leaves alone, and what it says of other languages."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.detectors._name_features import SMALL
from gateway.detectors._name_model import FILE, load
from gateway.detectors._name_words import fold
from gateway.detectors.names import TYPES, NameDetector, Options, build
from gateway.errors import DetectorError, ModelFileError

DETECTOR = NameDetector(load())
POLISH = (
    "dzień dobry, chciałbym zapytać o stan mojego zamówienia, które złożyłem w zeszłym tygodniu i nadal nie otrzymałem "
    "żadnej odpowiedzi od sprzedawcy, a termin dostawy minął już trzy dni temu, proszę o pilny kontakt telefoniczny "
    "albo mailowy, ponieważ potrzebuję tych części do naprawy samochodu mojej żony"
)
INDONESIAN = (
    "selamat siang saya ingin menanyakan status pesanan saya yang saya buat minggu lalu karena sampai sekarang saya "
    "belum menerima jawaban apa pun dan tanggal pengiriman sudah lewat tiga hari yang lalu mohon hubungi saya melalui "
    "telepon atau surel karena saya membutuhkan suku cadang ini untuk memperbaiki mobil istri saya secepat mungkin"
)


def found(text: str) -> list[tuple[str, str]]:
    """Return type and text of what is found."""
    return [(finding.type, text[finding.start : finding.end]) for finding in DETECTOR.detect(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Jane Doe and I cannot log in.", "Jane Doe"),
        ("Please write a reply to Kenji Yamamoto.", "Kenji Yamamoto"),
        ("Juan de la Cruz called about his invoice.", "Juan de la Cruz"),
        ("The patient Björn Ångström has asthma.", "Björn Ångström"),
        ("Our client Chidi Okonkwo wants a new quote.", "Chidi Okonkwo"),
        ("Kind regards,\nMarie-Claire Dubois", "Marie-Claire Dubois"),
        ("The invoice goes to J. R. Peterson, please.", "J. R. Peterson"),
        ("Call Fatima Al-Hashimi tomorrow.", "Fatima Al-Hashimi"),
        ("Sehr geehrter Herr Brzęczyszczykiewicz,", "Brzęczyszczykiewicz"),
        ("Hola, me llamo Lucía Fernández.", "Lucía Fernández"),
        ("my name is john smith and my card is lost", "john smith"),
        ("my name is priya but nobody says it right", "priya"),
    ],
)
def test_a_name_is_suspected_whole(text: str, name: str) -> None:
    """Of several languages, with particles, initials and hyphens, and in small letters after what introduces it."""
    assert found(text) == [("PERSON", name)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("I live at 12 Oak Street, Springfield.", "12 Oak Street"),
        ("Deliver to 4807 N. 5th Ave please", "4807 N. 5th Ave"),
        ("Ship it to 9 Lake View Park Road.", "9 Lake View Park Road"),
        ("J'habite au 12 rue de la Paix à Paris.", "12 rue de la Paix"),
        ("Elle est au 7 bis, avenue Foch.", "7 bis, avenue Foch"),
        ("Elle est au 7 bis avenue Foch.", "7 bis avenue Foch"),
        ("Ich wohne in der Hauptstraße 12.", "Hauptstraße 12"),
        ("Jag bor på Storgatan 4 nu.", "Storgatan 4"),
        ("Vivo en Calle Mayor 5 desde enero.", "Calle Mayor 5"),
        ("Nagy utca 3 az", "Nagy utca 3"),
        ("Es la Carrera 7 # 52-62 creo", "Carrera 7 # 52-62"),
        ("Via Roma n. 3 a sinistra", "Via Roma n. 3"),
        ("She is at Podléšková 880, 730 21 Mníšek.", "Podléšková 880"),
        ("It is Jan Novak 880\n730 21 Mníšek", "Jan Novak 880"),
        ("at 4807 Voortrekker Indlela, Klerksdorp, 2368", "4807 Voortrekker Indlela"),
        ("Send it to P.O. Box 12 there.", "P.O. Box 12"),
        ("Send it to P.O.Box 12 there.", "P.O.Box 12"),
        ("We moved to Suite 204 then.", "Suite 204"),
        ("USNV Hopper\nFPO AA 62115", "FPO AA 62115"),
    ],
)
def test_a_street_address_is_suspected(text: str, address: str) -> None:
    """A number before or after, where the words say street, or a postcode follows."""
    assert ("STREET_ADDRESS", address) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Does Apple sell the iPhone in Germany?",
        "We flew from Paris to London in April.",
        "A Oslo fa freddo.",
        "dr. house is on television",
        "On July 4, 1776 Congress met, see Chapter 3, 1234 Introduction.",
        "The price is 5 euros, or 12 for two; in 3.5 Miles Road there are 7, 8 and 9.",
        "It grew from 12 rue to 13, by 40 de la, and 5 bis",
        "See Storgatan 4.5, Calle 5 and rue 7.",
        "Use 3 Large, Eggs and 4 apples. Then 5 Cups. Stir",
        "Version 2 of Python 3, 12 Angry",
        "I lost #5 and x#6, and the # 7.",
        "def main(): return Parser(Options())",
        "Let A and B be sets. Show that X is empty.",
        "",
        "...",
    ],
)
def test_what_names_nobody_is_left_alone(text: str) -> None:
    """Places, firms, months, amounts, versions and code."""
    assert found(text) == []


def test_a_name_is_weak_evidence() -> None:
    """It raises a request to `internal`, and no further by itself."""
    (person, street) = DETECTOR.detect("Write to Jane Miller, 12 Oak Street.")

    assert (person.strength, street.strength) == ("weak", "weak")
    assert (person.kind, person.detector) == ("pii", "names")


def test_two_names_in_two_sentences_are_two() -> None:
    """A full stop ends a name, unless an initial stands before it."""
    assert found("I met Peter. Susan was there too.") == [("PERSON", "Peter"), ("PERSON", "Susan")]


@pytest.mark.parametrize("type_", TYPES)
def test_a_type_can_be_left_out(type_: str) -> None:
    """Names without addresses, or addresses without names."""
    detector = NameDetector(load(), without=frozenset({type_}))

    findings = detector.detect("Write to Jane Miller, 12 Oak Street.")

    assert {finding.type for finding in findings} == {*TYPES} - {type_}


@pytest.mark.parametrize(
    "text",
    [
        "Меня зовут Иван Петров, я живу в Москве.",
        "请帮我翻译这封信",
        "اسمي فاطمة وأعيش في القاهرة",
        POLISH,
        INDONESIAN,
        "Here is a letter. " * 200 + "Уважаемый Иван Петров, мы рады сообщить. " * 20,
    ],
)
def test_a_language_that_was_not_learned_is_not_cleared(text: str) -> None:
    """Where nobody can read it, the detector does not say that nobody is named: it fails."""
    with pytest.raises(DetectorError) as caught:
        DETECTOR.detect(text)

    assert text[:12] not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "What does 你好 mean, and how is it said?",
        "Let \u03b1 be the angle, Δx = λ, and θ the other one.",
        "def f(x): return [y for y in x if y not in seen and isinstance(y, str) or y is None]\n" * 9,
        "apple pear banana house dog cat table chair window door " * 12,
        "x1,y2,z3\n" * 300,
        "Wie komme ich von der Stadt zum Bahnhof, wenn der Bus nicht fährt? " * 8,
        "🙂 thanks, that was fast!",
    ],
)
def test_foreign_words_formulas_code_and_lists_are_read(text: str) -> None:
    """They are no language of their own."""
    DETECTOR.detect(text)


async def test_other_languages_may_be_read_all_the_same() -> None:
    """Whoever asks for it gets a detector that does not fail, and that misses most."""
    async with build(Options(other_languages="ignore")) as detector:
        assert detector.detect(POLISH) == ()


def test_an_unknown_type_is_refused() -> None:
    """With the nearest right one."""
    with pytest.raises(ValidationError, match="did you mean 'PERSON'"):
        Options(without=("PERSONS",))


@given(st.text(alphabet="AaBé 12.,'\u2019-\nßJohnMr#", max_size=80))
def test_spans_lie_in_the_text_in_order(text: str) -> None:
    """No finding is empty, none overlap."""
    findings = DETECTOR.detect(text)

    assert all(0 <= finding.start < finding.end <= len(text) for finding in findings)
    assert all(one.end <= other.start for one, other in pairwise(findings))


HOSTILE = (
    "A", "Aa ", "John ", "John. ", "J. ", "1 ", "1 A ", "1 Oak ", "rue ", "rue de la ", "Aa-", "A'", "12, ", "Apt ",
    "mr ", "name is a ", "a b c d e ", "é", "Ж ", "жж", "1-", "1/1", "Oak 1, ", "1 Oak, ", "# ", "P.O. ", "APO ",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_takes_no_more_than_its_length(piece: str) -> None:
    """Four times the text takes about four times as long, whatever it is made of."""
    detector = NameDetector(load(), any_language=True)

    small, large = (_seconds(detector, piece * (length // len(piece))) for length in (10_000, 40_000))

    assert large < 10 * small + 0.05


def _seconds(detector: NameDetector, text: str) -> float:
    started = time.process_time()
    detector.detect(text)
    return time.process_time() - started


def test_the_model_is_small_and_its_card_names_it() -> None:
    """The card beside the file has its hash, so that the one cannot be changed without the other."""
    card = FILE.with_suffix(".md").read_text("utf-8")

    assert load().sha256 in card
    assert FILE.stat().st_size < 1_500_000


def test_small_words_are_skipped_as_the_model_would() -> None:
    """What is left out before the model is asked are words that are on no list of first names."""
    words = load().words

    assert {word for word in SMALL if words.kind(fold(word)).first > 1 or words.kind(fold(word)).common < 3} == set()


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 no archive", b"no archive at all"])
def test_a_broken_model_is_an_error_that_says_so(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty or cut off: the file is named, and what to do."""
    file = tmp_path / "names.npz"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ModelFileError, match=r"names\.npz' cannot be read; install"):
        load(file)


def test_a_model_of_another_format_is_refused(tmp_path: Path) -> None:
    """Weights for other features would say anything."""
    import numpy as np  # noqa: PLC0415

    np.savez(tmp_path / "names.npz", format=np.int32(99))

    with pytest.raises(ModelFileError, match="another format"):
        load(tmp_path / "names.npz")
