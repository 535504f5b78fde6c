"""Numbers by which countries know people: which are found, what makes them certain, which near misses are not."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.unmeasured import unmeasured

from gateway.detectors import _checks, _national, _runs
from gateway.detectors._national_kinds import NATIONAL_IDS
from gateway.detectors.patterns import PatternDetector

DETECTOR = PatternDetector()
LAYOUTS = frozenset({"9", "3-3-4", "3 3 4", "2 2 2 2 1", "4-3-4"})


def read(text: str) -> list[tuple[str, str, str]]:
    """Return type, text and strength of what is found."""
    return [(f.type, text[f.start : f.end], f.strength) for f in DETECTOR.detect(text)]


@pytest.mark.parametrize(
    ("type_", "number"),
    [
        ("IT_FISCAL_CODE", "RCCMNL83S18D969H"),
        ("MX_CURP", "BOXW310820HNERXN09"),
        ("UK_DRIVING_LICENCE", "MORGA657054SM9IJ"),
        ("IN_GSTIN", "27ABCDE1234F1Z5"),
        ("IN_PAN", "ACUPA7085R"),
        ("US_MBI", "1EG4-TE5-MK73"),
        ("VIN", "1M8GDM9AXKP042788"),
        ("ES_NIE", "X-2482300W"),
        ("ES_NIE", "X2482300W"),
        ("ES_NIF", "54362315K"),
        ("ES_NIF", "54362315-K"),
        ("SG_NRIC_FIN", "S2740116C"),
        ("SG_NRIC_FIN", "M4332674T"),
        ("FI_PERSONAL_IDENTITY_CODE", "131052-308T"),
        ("FI_PERSONAL_IDENTITY_CODE", "010594Y9032"),
        ("DE_SOCIAL_SECURITY", "15070649C103"),
        ("UK_NINO", "AA 12 34 56 B"),
        ("FR_NIR", "2 95 10 99 126 111 93"),
        ("CH_AHV", "756.9217.0769.85"),
        ("BE_NN", "85.07.30-033.28"),
        ("BR_CPF", "390.533.447-05"),
        ("AR_CUIT", "20-05536168-2"),
        ("CL_RUT", "12.531.909-2"),
        ("CZ_RC", "710319/2745"),
        ("NL_BSN", "1112.22.333"),
        ("MY_NRIC", "770305-02-1234"),
        ("SE_PERSONNUMMER", "19910924-2397"),
        ("KR_BRN", "104-86-56659"),
        ("TH_TNIN", "1-2345-67890-12-1"),
        ("US_ITIN", "912-70-1234"),
    ],
)
def test_a_number_that_only_one_country_writes_needs_no_word_beside_it(type_: str, number: str) -> None:
    """Letters and digits, or a grouping of its own, and the right check digits."""
    assert read(f"It said {number}, and no more.") == [(type_, number, "strong")]


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("AU_TFN", "my TFN is 876 543 210"),
        ("AU_ABN", "ABN 51 824 753 556"),
        ("AU_MEDICARE", "Medicare 2123 45670 1"),
        ("CA_SIN", "mon NAS: 130 692 544"),
        ("DE_TAX_ID", "Steuer-ID 36574261809"),
        ("DE_ID_CARD", "Personalausweis: L01X00T44."),
        ("DE_PASSPORT", "Reisepass C01X00T41"),
        ("DE_HEALTH_INSURANCE", "KVNR: A123456780"),
        ("ES_PASSPORT", "Mi pasaporte es AAA123456"),
        ("IN_AADHAAR", "my Aadhaar: 3123 4567 8909"),
        ("JP_MY_NUMBER", "\u30de\u30a4\u30ca\u30f3\u30d0\u30fc 6214 9832 0257"),
        ("KR_RRN", "RRN 960121-1234567"),
        ("KR_PASSPORT", "\uc5ec\uad8c\ubc88\ud638\ub294 M789C1234\uc785\ub2c8\ub2e4"),
        ("PL_PESEL", "PESEL 44051401458"),
        ("RO_CNP", "CNP 1630615123457"),
        ("BG_EGN", "EGN 7523169263"),
        ("HR_OIB", "OIB: 33392005961"),
        ("EE_ISIKUKOOD", "isikukood 36805280109"),
        ("LT_ASMENS_KODAS", "asmens kodas 33309240064"),
        ("NO_FODSELSNUMMER", "f\u00f8dselsnummer 151086 95088"),
        ("DK_CPR", "CPR 211062-5629"),
        ("AT_SVNR", "SVNR 1237 010180"),
        ("GR_AMKA", "AMKA 01013099997"),
        ("UA_RNTRC", "RNTRC 1759013776"),
        ("IL_ID", "teudat zehut 039337423"),
        ("PT_NIF", "NIF 501 964 843"),
        ("NZ_IRD", "IRD number 49-098-576"),
        ("CN_RIC", "chinese id 360426199101010071"),
        ("ID_NIK", "NIK 3171011708450001"),
        ("TR_NATIONAL_ID", "TC Kimlik No: 10000000146"),
        ("ZA_ID_NUMBER", "RSA ID: 0002294321191"),
        ("UK_NHS", "NHS no. 401 023 2137"),
        ("UK_PASSPORT", "passport CD7654321"),
        ("US_PASSPORT", "passport 912803456"),
        ("US_NPI", "NPI: 1234567893"),
        ("ABA_ROUTING_NUMBER", "routing 121000358"),
        ("MEDICAL_LICENSE", "DEA BB1388568"),
        ("IE_PPS", "PPS 6433435OA"),
        ("MX_RFC", "RFC GODE561231GR8"),
    ],
)
def test_the_word_beside_a_number_makes_it_certain(type_: str, text: str) -> None:
    """What many things look like is one country's number where it is called so."""
    assert [(found, strength) for found, _, strength in read(text)] == [(type_, "strong")]


@pytest.mark.parametrize(
    "text",
    [
        "NHS no. 401 023 2138",
        "TFN 824 753 557",
        "RCCMNL83S18D969K",
        "54362315L and X2482300A",
        "UK_NINO BG123612A",
        "S2740116D",
        "131052-308U and 131052:308T",
        "310289-211C",
        "15070049C103",
        "756.9217.0769.84",
        "390.533.447-06",
        "PESEL 44051401459",
        "CPR 311162-5629",
        "Aadhaar 1234 5678 9012",
        "12345678.1234567893",
        "1M8GDM9AYKP042788",
    ],
)
def test_a_wrong_check_digit_or_day_is_no_number_of_a_person(text: str) -> None:
    """Also beside its name: a typing error names nobody, and a near miss is usually something else."""
    assert not [type_ for type_, _, _ in read(text) if type_ in _national.TYPES and type_ != "PHONE_NUMBER"]


@pytest.mark.parametrize("text", ["the sum is 130692544 units", "row 401 023 2137 of it", "part C01X00T41 fits"])
def test_one_check_digit_alone_says_nothing(text: str) -> None:
    """One number in ten passes it."""
    assert not {"CA_SIN", "UK_NHS", "DE_PASSPORT"} & {type_ for type_, _, _ in read(text)}


@pytest.mark.parametrize(("type_", "number"), [("TR_NATIONAL_ID", "10000000146"), ("PL_PESEL", "44051401458")])
def test_two_check_digits_alone_raise_a_suspicion(type_: str, number: str) -> None:
    """One number in a hundred passes them."""
    assert read(f"the sum is {number} units") == [(type_, number, "weak")]


def test_a_word_for_any_such_number_is_enough_where_chance_is_small() -> None:
    """`identity number` does not say which country."""
    assert read("her identity number 10000000146") == [("TR_NATIONAL_ID", "10000000146", "strong")]


@pytest.mark.parametrize("text", ["130692544", " 130692544.\n", "130692544 and 435 418 165"])
def test_a_text_of_nothing_but_numbers_is_about_them(text: str) -> None:
    """A form field holds the number alone."""
    assert {strength for _, _, strength in read(text)} == {"strong"}


@pytest.mark.parametrize("text", ["130692544 + 5", "130692544*2", "n = 130692544", "5 x 130692544", "130692544 apples"])
def test_a_sum_is_no_form_field(text: str) -> None:
    """An operator or a word makes it a question about a number."""
    assert read(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "pi is 3.44051401458",
        "$44051401458",
        "\u20ac44051401458",
        "44051401458%",
        "+44051401458",
        "x44051401458y9",
        "abcdefgh44051401458",
        "44051401458-rev2",
        "1-44051401458",
        "id 440514014584405140145844051401458",
    ],
)
def test_part_of_something_longer_is_no_number_of_a_person(text: str) -> None:
    """Fractions, money, percentages, parts of codes."""
    assert "PL_PESEL" not in [type_ for type_, _, _ in read(f"pesel? {text} said")]


def test_a_number_in_the_middle_of_a_list_is_found() -> None:
    """Numbers stand beside it, a space apart."""
    assert [found for found in read("rows: 17 390.533.447-05 2024") if found[0] == "BR_CPF"] == [
        ("BR_CPF", "390.533.447-05", "strong")
    ]


def test_small_letters_need_a_word_or_nothing_beside_them() -> None:
    """In small letters a code is more often a name in a program."""
    assert read("var x2482300w here") == [("ES_NIE", "x2482300w", "weak")]
    assert read("nie x2482300w") == [("ES_NIE", "x2482300w", "strong")]


def test_types_that_are_left_out_do_not_hide_others() -> None:
    """The next kind that fits takes the number."""
    detector = PatternDetector(without=frozenset({"DE_ID_CARD"}))

    assert [finding.type for finding in detector.detect("C01X00T41")] == ["DE_PASSPORT"]


def test_the_kinds_of_at_least_thirty_countries_are_known() -> None:
    """And each can be written in some way, with a word for it."""
    assert len({kind.type[:2] for kind in NATIONAL_IDS}) > 30
    assert all(kind.layouts and kind.words for kind in NATIONAL_IDS)


def test_every_check_knows_its_kind() -> None:
    """A module that python-stdnum does not have would fail in the middle of a request."""
    assert {
        known.check("0") if isinstance(known.kind.check, str) and known.check else False
        for kinds in _national._by_layout().values()
        for known in kinds
    } == {False}


def test_check_digits_are_not_loaded_before_a_candidate_comes() -> None:
    """An ordinary text pays nothing for them."""
    code = (
        "import sys; from gateway.detectors.patterns import PatternDetector; d = PatternDetector();"
        "d.detect('Tom has 16 eggs in 2024, call 555 0147 now'); assert 'stdnum' not in sys.modules;"
        "d.detect('kimlik 10000000146'); assert 'stdnum' in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", code], env=unmeasured(), check=False).returncode == 0  # noqa: S603 - our own code


@pytest.mark.parametrize(
    ("check", "number"),
    [
        (_checks.is_australian_medicare, "2123456701"),
        (_checks.is_travel_document, "C01X00T41"),
        (_checks.is_german_health_insurance, "A123456780"),
        (_checks.is_korean_business, "1048656659"),
        (_checks.is_dni, "54362315K"),
        (_checks.is_us_provider, "1234567893"),
        (_checks.is_us_prescriber, "BB1388568"),
        (_checks.is_nric, "T7572225C"),
    ],
)
def test_one_wrong_digit_fails_a_check(check: object, number: str) -> None:
    """Of the ten digits in a place, the right one passes and most of the others do not."""
    assert callable(check)
    assert check(number)

    for place in (place for place, sign in enumerate(number[:8]) if sign.isdigit()):
        passed = [digit for digit in "0123456789" if check(number[:place] + digit + number[place + 1 :])]
        assert number[place] in passed
        assert len(passed) <= 2


@given(
    st.lists(st.sampled_from(["AA", "12", "401", "023", "2137", "B", " ", "-", "1EG4", "x", "\u00e9", "."])).map(
        "".join
    )
)
def test_every_candidate_is_written_in_its_layout(text: str) -> None:
    """The groups between its separators have the lengths that the layout says, and it ends where a word ends."""
    for start, end, layout in _runs.candidates(text, LAYOUTS):
        part = text[start:end]
        groups = part.replace("-", " ").split(" ")
        assert [len(group) for group in groups] == [int(length) for length in layout.replace("-", " ").split(" ")]
        assert not text[end : end + 1].isascii() or not text[end : end + 1].isalnum()
