"""The numbers by which countries know people: how each is written, checked and called. Data, no logic.

In a layout `_` is a space, a hyphen or a point, the same one throughout. A check is a module of python-stdnum, or a
function of ours. Only what no other number looks like is certain by itself; the rest takes a word beside it.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from gateway.detectors import _checks

Alone = Literal["strong", "weak"] | None


class NationalId(NamedTuple):
    """A number written in one of `layouts` (or of `sure`), whose letters and digits match `shape` and pass `check`.

    It is strong beside one of `words`, or where it is written as in `sure`; otherwise it is worth what `alone` says.
    """

    type: str
    shape: str
    layouts: str
    words: str
    check: str | Callable[[str], bool] | None = None
    alone: Alone = None
    sure: str = ""
    kind: Literal["pii", "phi"] = "pii"


_DIGITS_AND_LETTERS = "[CFGHJKLMNPRTVWXYZ0-9]"
_MBI = "[AC-HJKMNP-RT-Y]"
_PASSPORT = r"\bpassports?\b|travel document"
_GERMAN_CARD = r"ausweis|\bid card|identity card"
_LICENCE = r"licen[cs]e|\bdriver|\bdriving"

PHONE_WORDS = (
    r"\b(?:phone|mobile|cell|tel|telephone|fax|whatsapp|call|contact|desk|reach|answering|messages?|dial|sms"
    r"|text me|telepono"
    r"|t[e"
    "\u00e9"
    r"]l[e"
    "\u00e9"
    r"][fp]\w{0,7}|mobil\w{0,8}|m[o"
    "\u00f3"
    r"]vil|celular\w{0,4}|handy\w{0,8}|cep|gsm|portable)\b"
    "|\u7535\u8bdd|\u96fb\u8a71|\u624b\u673a|\u624b\u6a5f|\uc804\ud654|\u0e42\u0e17\u0e23"
)

NATIONAL_IDS: tuple[NationalId, ...] = (
    # Letters and digits in an order that little else has.
    NationalId(
        "IT_FISCAL_CODE",
        "[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
        "16",
        "fiscale|fiscal",
        check="it.codicefiscale",
        alone="strong",
    ),
    NationalId("MX_CURP", "[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]", "18", "curp", check="mx.curp", alone="strong"),
    NationalId(
        "MX_RFC", "[A-Z&]{4}[0-9]{6}[0-9A-Z]{3}", "13 4_6_3", r"\brfc\b|contribuyente", check="mx.rfc", alone="weak"
    ),
    NationalId(
        "UK_DRIVING_LICENCE",
        "(?:[A-Z]{5}|[A-Z]{4}9|[A-Z]{3}99|[A-Z]{2}999|[A-Z]9999)[0-9](?:0[1-9]|1[0-2]|5[1-9]|6[0-2])"
        "(?:0[1-9]|[12][0-9]|3[01])[0-9][A-Z9]{2}[0-9A-Z][A-Z]{2}",
        "16",
        _LICENCE,
        alone="strong",
    ),
    NationalId(
        "IN_GSTIN",
        "(?:0[1-9]|[12][0-9]|3[0-7])[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]",
        "15",
        r"\bgst",
        alone="strong",
    ),
    NationalId("IN_PAN", "[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]", "10", r"\bpan\b", check="in_.pan", alone="strong"),
    NationalId(
        "US_MBI",
        f"[1-9]{_MBI}(?:{_MBI}|[0-9])[0-9]{_MBI}(?:{_MBI}|[0-9])[0-9]{_MBI}{{2}}[0-9]{{2}}",
        "11",
        r"\bmbi\b|medicare|beneficiary",
        alone="strong",
        sure="4_3_4",
        kind="phi",
    ),
    NationalId(
        "VIN",
        "[A-HJ-NPR-Z0-9]{13}[0-9]{4}",
        "17",
        r"\bvin\b|vehicle|chassis",
        check=_checks.is_vehicle,
        alone="strong",
    ),
    NationalId("ES_NIE", "[XYZ][0-9]{7}[A-Z]", "9 8-1 1-8 1-7-1", r"\bnie\b", check="es.nie", alone="strong"),
    NationalId("ES_NIF", "[0-9]{8}[A-Z]", "9 8_1", r"\bnif\b|\bdni\b", check=_checks.is_dni, alone="strong"),
    NationalId("ES_NIF", "[0-9]{7}[A-Z]", "8 7-1", r"\bnif\b|\bdni\b", check=_checks.is_dni),
    NationalId("SG_NRIC_FIN", "[STFGM][0-9]{7}[A-Z]", "9", r"\bnric\b|\bfin\b", check=_checks.is_nric, alone="strong"),
    NationalId(
        "FI_PERSONAL_IDENTITY_CODE",
        "[0-9]{6}[YXWVUABCDEF]?[0-9]{3}[0-9A-FHJ-NPR-Y]",
        "11 6-4 6+4",
        r"hetu\b|henkil|personal identity code|finnish",
        check=_checks.is_hetu,
        alone="strong",
    ),
    NationalId(
        "DE_SOCIAL_SECURITY",
        "[0-9]{8}[A-Z][0-9]{3}",
        "12",
        r"rvnr|\bsvnr|rentenv|sozialv|versicherungsnummer|social",
        check=_checks.is_german_pension,
        alone="strong",
        sure="2_6_1_3",
    ),
    NationalId(
        "UK_NINO",
        "(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][0-9]{6}[A-D]",
        "9 2_7",
        r"\bnino\b|national insurance|\bni (?:no|number)",
        alone="weak",
        sure="2_2_2_2_1",
    ),
    NationalId("IE_PPS", "[0-9]{7}[A-W][ABHTWX]?", "8 9", r"\bpps", check="ie.pps", alone="weak"),
    NationalId("KR_PASSPORT", "[MSRODG][0-9]{3}[A-Z][0-9]{4}", "9", f"{_PASSPORT}|\uc5ec\uad8c", alone="weak"),
    NationalId(
        "SG_UEN",
        "[0-9]{8}[A-Z]|(?:19|20)[0-9]{7}[A-Z]|[RST][0-9]{2}[A-Z]{2}[0-9]{4}[A-Z]",
        "9 10",
        r"\buen\b",
        check="sg.uen",
        alone="weak",
    ),
    # A letter or two and digits with a check digit: others look like them.
    NationalId(
        "MEDICAL_LICENSE",
        "[A-HJ-MPR-UX][A-Z9][0-9]{7}",
        "9",
        r"\bdea\b|certificate number|medical licen",
        check=_checks.is_us_prescriber,
    ),
    NationalId(
        "DE_ID_CARD",
        f"[CFGHJKLMNPRTVWXYZ]{_DIGITS_AND_LETTERS}{{7}}[0-9]",
        "9",
        _GERMAN_CARD,
        check=_checks.is_travel_document,
    ),
    NationalId(
        "DE_PASSPORT",
        f"[CFGHJKLMNPRTVWXYZ]{_DIGITS_AND_LETTERS}{{7}}[0-9]",
        "9",
        f"reisepass|\\bpass\\b|{_PASSPORT}",
        check=_checks.is_travel_document,
    ),
    NationalId(
        "DE_HEALTH_INSURANCE",
        "[A-Z][0-9]{9}",
        "10",
        "kvnr|krankenv|krankenkasse|egk|health insurance",
        check=_checks.is_german_health_insurance,
        kind="phi",
    ),
    # Digits that begin with a birthday, or carry more than one check digit.
    NationalId("CN_RIC", "[1-9][0-9]{16}[0-9X]", "18", "\u8eab\u4efd|chinese|resident", check="cn.ric", alone="strong"),
    NationalId(
        "FR_NIR",
        "[1-478][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{8}",
        "15",
        r"\bnir\b|s.curit. sociale|\binsee\b|\bsecu\b",
        check="fr.nir",
        alone="weak",
        sure="1_2_2_2_3_3_2 13_2",
    ),
    NationalId(
        "CH_AHV", "756[0-9]{10}", "13", r"\bahv|\bavs\b|\bsozialv", check="ch.ssn", alone="weak", sure="3.4.4.2"
    ),
    NationalId(
        "BE_NN",
        "[0-9]{11}",
        "11",
        r"rijksregister|national register|registre national|\binsz\b|\bniss\b|belgi",
        check="be.nn",
        alone="weak",
        sure="2.2.2-3.2",
    ),
    NationalId("BR_CPF", "[0-9]{11}", "11", r"\bcpf\b", check="br.cpf", alone="weak", sure="3.3.3-2"),
    NationalId("AR_CUIT", "[23][0-9]{10}", "11", r"\bcuit\b|\bcuil\b", check="ar.cuit", sure="2-8-1"),
    NationalId(
        "TR_NATIONAL_ID", "[1-9][0-9]{10}", "11", r"kimlik|tckn|\btc\b|turkish", check="tr.tckimlik", alone="weak"
    ),
    NationalId("PL_PESEL", "[0-9]{11}", "11", "pesel", check="pl.pesel", alone="weak"),
    NationalId("DE_TAX_ID", "[1-9][0-9]{10}", "11 2_3_3_3", r"steuer|\bidnr|\btin\b", check="de.idnr", alone="weak"),
    NationalId(
        "NO_FODSELSNUMMER",
        "[0-9]{11}",
        "11 6_5",
        "f.dselsn|personnummer|norwegian",
        check="no.fodselsnummer",
        alone="weak",
    ),
    NationalId("EE_ISIKUKOOD", "[1-8][0-9]{10}", "11", "isikukood|eston", check="ee.ik", alone="weak"),
    NationalId("LT_ASMENS_KODAS", "[1-9][0-9]{10}", "11", "asmens|lithuan", check="lt.asmens", alone="weak"),
    NationalId("GR_AMKA", "[0-3][0-9]{10}", "11", "amka|\u03b1\u03bc\u03ba\u03b1", check="gr.amka", alone="weak"),
    NationalId("AU_ABN", "[1-9][0-9]{10}", "11 2_3_3_3", r"\babn\b|australian business", check="au.abn", alone="weak"),
    NationalId("HR_OIB", "[0-9]{11}", "11", r"\boib\b", check="hr.oib"),
    NationalId("IT_VAT_CODE", "[0-9]{11}", "11", r"partita|\bp\. ?iva|\bvat\b", check="it.iva"),
    NationalId(
        "ZA_ID_NUMBER",
        "[0-9]{13}",
        "13",
        r"south africa|\b(?:rsa|sa|za) id\b|permanent resident|refugee|identity number",
        check="za.idnr",
        alone="weak",
    ),
    NationalId("RO_CNP", "[1-9][0-9]{12}", "13", r"\bcnp\b|romani", check="ro.cnp", alone="weak"),
    NationalId(
        "TH_TNIN",
        "[1-8][0-9]{12}",
        "13",
        "thai|\\btnin\\b|\u0e1b\u0e23\u0e30\u0e0a\u0e32\u0e0a\u0e19",
        check="th.pin",
        sure="1_4_5_2_1",
    ),
    NationalId("IN_AADHAAR", "[2-9][0-9]{11}", "12 4_4_4", "aadha|adhar|uidai", check="in_.aadhaar"),
    NationalId(
        "JP_MY_NUMBER", "[0-9]{12}", "12 4_4_4", "my number|\u30de\u30a4\u30ca\u30f3\u30d0\u30fc", check="jp.in_"
    ),
    NationalId("MY_NRIC", "[0-9]{12}", "12", r"mykad|\bnric\b|malaysia", check="my.nric", alone="weak", sure="6-2-4"),
    NationalId("ID_NIK", "[0-9]{16}", "16", r"\bnik\b|\bktp\b|kependudukan", check="id.nik"),
    NationalId(
        "SE_PERSONNUMMER",
        "(?:18|19|20)?[0-9]{10}",
        "12 10",
        r"personn|samordningsn|\bpnr\b|swedish",
        check="se.personnummer",
        alone="weak",
        sure="8-4",
    ),
    NationalId(
        "SE_PERSONNUMMER",
        "[0-9]{10}",
        "6-4 6+4",
        r"personn|samordningsn|\bpnr\b|swedish",
        check="se.personnummer",
        alone="weak",
    ),
    NationalId("CZ_RC", "[0-9]{9,10}", "9 10", r"rodn. |birth number|czech", check="cz.rc", sure="6/4"),
    NationalId("DK_CPR", "[0-3][0-9]{9}", "10 6-4", r"\bcpr\b|danish", check="dk.cpr"),
    NationalId("BG_EGN", "[0-9]{10}", "10", r"\begn\b|" "\u0435\u0433\u043d" r"|bulgar", check="bg.egn"),
    NationalId(
        "UA_RNTRC", "[1-9][0-9]{9}", "10", r"rntrc|" "\u0440\u043d\u043e\u043a\u043f\u043f" r"|ukrain", check="ua.rntrc"
    ),
    NationalId("AT_SVNR", "[1-9][0-9]{9}", "10 4_6", r"\bsvnr|sozialversicherung|\bsv-nummer", check="at.vnr"),
    NationalId(
        "SE_ORGANISATIONSNUMMER", "[0-9]{10}", "10 6-4", r"\borg(?:anisations)?n|company identity", check="se.orgnr"
    ),
    NationalId(
        "KR_BRN",
        "[0-9]{10}",
        "10",
        r"\bbrn\b|business registration",
        check=_checks.is_korean_business,
        alone="weak",
        sure="3-2-5",
    ),
    # Digits with one check digit, which one number in ten passes.
    NationalId("UK_NHS", "[0-9]{10}", "10 3_3_4", r"\bnhs\b|health service", check="gb.nhs", kind="phi"),
    NationalId("US_NPI", "[12][0-9]{9}", "10 4_3_3", r"\bnpi\b|\bprovider", check=_checks.is_us_provider),
    NationalId(
        "AU_MEDICARE",
        "[2-6][0-9]{9,10}",
        "10 4_5_1 11 4_5_1/1",
        "medicare",
        check=_checks.is_australian_medicare,
        kind="phi",
    ),
    NationalId("CL_RUT", "[0-9]{7,8}[0-9K]", "8-1 7-1", r"\brut\b|\brun\b", check="cl.rut", sure="2.3.3-1 1.3.3-1"),
    NationalId("US_ITIN", "9[0-9]{8}", "9 3 2 4", r"\bitin\b|taxpayer", check=_checks.is_us_taxpayer, sure="3-2-4"),
    NationalId("US_SSN", "[0-8][0-9]{8}", "9 3.2.4", r"\bssn\b|social security", check="us.ssn"),
    NationalId("AU_TFN", "[0-9]{8,9}", "9 8 3_3_3", r"\btfn\b|tax file", check="au.tfn"),
    NationalId("AU_ACN", "[0-9]{9}", "9 3_3_3", r"\bacn\b|australian company", check="au.acn"),
    NationalId(
        "CA_SIN", "[1-79][0-9]{8}", "9 3_3_3", r"\bsin\b|\bnas\b|social insurance|assurance sociale", check="ca.sin"
    ),
    NationalId("NL_BSN", "[0-9]{9}", "9", r"\bbsn\b|burgerservice|\bsofi", check="nl.bsn", sure="4.2.3"),
    NationalId("PT_NIF", "[1-9][0-9]{8}", "9 3_3_3", r"\bnif\b|contribuinte", check="pt.nif"),
    NationalId("IL_ID", "[0-9]{9}", "9 8-1", r"teudat|zehut|israel|" "\u05d6\u05d4\u05d5\u05ea", check="il.idnr"),
    NationalId("NZ_IRD", "[0-9]{8,9}", "9 8 2_3_3 3_3_3", r"\bird\b|inland revenue", check="nz.ird"),
    NationalId("ABA_ROUTING_NUMBER", "[0-9]{9}", "9 4-4-1", r"routing|\baba\b|\brtn\b", check="us.rtn"),
    # No check digit: only the word beside them says what they are.
    NationalId(
        "KR_RRN",
        "[0-9]{6}[1-4](?:[0-8][0-9]|9[0-5])[0-9]{4}",
        "6-7",
        r"\brrn\b|resident registration|" "\uc8fc\ubbfc",
        check=_checks.is_korean_resident,
        alone="weak",
    ),
    NationalId(
        "KR_RRN",
        "[0-9]{6}[1-4](?:[0-8][0-9]|9[0-5])[0-9]{4}",
        "13",
        r"\brrn\b|resident registration|" "\uc8fc\ubbfc",
        check=_checks.is_korean_resident,
    ),
    NationalId(
        "KR_FRN",
        "[0-9]{6}[5-8](?:[0-8][0-9]|9[0-5])[0-9]{4}",
        "6-7",
        r"\bfrn\b|foreign(?:er)? registration|" "\uc678\uad6d\uc778",
        check=_checks.is_korean_resident,
        alone="weak",
    ),
    NationalId(
        "KR_FRN",
        "[0-9]{6}[5-8](?:[0-8][0-9]|9[0-5])[0-9]{4}",
        "13",
        r"\bfrn\b|foreign(?:er)? registration|" "\uc678\uad6d\uc778",
        check=_checks.is_korean_resident,
    ),
    NationalId("IN_PAN", "[A-Z]{5}[0-9]{4}[A-Z]", "10", r"\bpan\b|permanent account"),
    NationalId("UK_PASSPORT", "[A-Z]{2}[0-9]{7}", "9", _PASSPORT),
    NationalId("ES_PASSPORT", "[A-Z]{3}[0-9]{6}", "9", rf"pasaporte|{_PASSPORT}"),
    NationalId("IN_PASSPORT", "[A-PR-WY][1-9][0-9]{6}", "8", _PASSPORT),
    NationalId("KR_PASSPORT", "[MSRODG][0-9]{8}", "9", "korea.{0,20}passport|\uc5ec\uad8c"),
    NationalId("DE_ID_CARD", "T[0-9]{8}", "9", _GERMAN_CARD),
    NationalId("US_PASSPORT", "[A-Z][0-9]{8}|[0-9]{9}", "9", _PASSPORT),
    NationalId("IN_VOTER", "[A-Z]{3}[0-9]{7}", "10", r"\bvot|\bepic\b|elector"),
    NationalId("IT_DRIVER_LICENSE", "U1[B-HJ-NPR-Z0-9]{7}[A-Z]|[A-Z]{2}[0-9]{7}[A-Z]", "10", f"patente|{_LICENCE}"),
    NationalId(
        "IT_IDENTITY_CARD", "[A-Z]{2}[0-9]{5}[A-Z]{2}|[0-9]{7}[A-Z]{2}", "9", r"carta d.identit|identity card|\bcie\b"
    ),
    NationalId(
        "KR_DRIVER_LICENSE",
        "(?:1[1-9]|2[0-8])[0-9]{10}",
        "12 2_2_6_2",
        f"{_LICENCE}|\uba74\ud5c8",
    ),
    NationalId("PHONE_NUMBER", "0[1-9][0-9]{8,9}", "10 11", PHONE_WORDS),
)
