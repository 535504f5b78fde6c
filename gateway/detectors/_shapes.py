"""The shapes of personal data: one rule a shape, in the order in which they may claim a text.

Every repetition is bounded, so that no text costs more than a constant for each of its characters. A pattern begins
with its character class and looks behind afterwards: the engine skips to the candidates and tries nothing between.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gateway.detectors import _numbers
from gateway.detectors._national_kinds import PHONE_WORDS
from gateway.detectors._page import Strength

Kind = Literal["pii", "pci", "phi"]
Sign = Literal["at", "digit", "number", "iban", "pairs", "ssn", "record", "birth", "call", "place", "label", "bank"]
Match = re.Match[str]

_SIGNS_OF_WORDS = frozenset({"record", "birth", "call", "place", "label"})
_AREA = re.compile(r"\([0-9]{1,5}\)")
_LONG_GROUP = re.compile("[0-9A-Fa-f]{3}")
_VERSION = re.compile(r"(?i:version|release|section|figure|fig\.|table|chapter|clause|\boid)[ :=]{0,2}\Z")
# What looks like an address and may as well be a version: it takes a word of machines near it.
_SMALL = 20
_MACHINES = re.compile(
    r"(?i:\bips?\b|ipv4|address|host|server|client|\bdns\b|ping|ssh|http|network|subnet|router|gateway|proxy|port|firewall"
    r"|traffic|login|logged|node|machine|request|connect|remote|source|visitor|\bfrom \Z)"
)
_UPGRADE = re.compile(r"(?i:upgrad|updat|downgrad|migrat|bump|version)")
_OTHER_NUMBER = re.compile(r"(?i:\b(?:room|order|part|invoice|ticket|item))[ #:]{1,2}\Z")
# How far a row of numbers is looked at on either side of one, and how many groups may stand there beside a card.
_ROW, _MOST_BESIDE = 24, 2
_GROUPS_OF_FOUR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")

# What a match is worth, and where the finding ends; None where it is nothing.
Reading = tuple[Strength, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One shape: in a text that bears `sign`, every `value` of `pattern` that `read` confirms is a finding.

    A rule that is `lowered` reads the text in small letters: a pattern that ignores case takes several times as long.
    """

    type: str
    kind: Kind
    sign: Sign
    pattern: re.Pattern[str]
    read: Callable[[Match], Reading]
    lowered: bool


def _rule(type: str, sign: Sign, *pattern: str, read: Callable[[Match], Reading], kind: Kind = "pii") -> Rule:  # noqa: A002
    compiled = re.compile("".join(pattern))
    return Rule(type=type, kind=kind, sign=sign, pattern=compiled, read=read, lowered=sign in _SIGNS_OF_WORDS)


def _strong(match: Match) -> Reading:
    return "strong", match.end("value")


def _email(match: Match) -> Reading:
    # `git@host` names a server; `numpy@1.26` and `A@B.T` are no addresses: a domain ends in letters.
    ending = match["value"].rpartition(".")[2]
    # A mark of emphasis is no part of it: `_jane@example.com_`.
    name = ending.rstrip("_")
    named = len(name) > 1 and (name.isalpha() or name.startswith("xn--")) and match["local"] != "git"
    return ("strong", match.end("value") - len(ending) + len(name)) if named else None


def _card(match: Match) -> Reading:
    if not _numbers.is_card(_digits(match)):
        return None
    return "weak" if _is_in_row(match) else "strong", match.end("value")


def _is_in_row(match: Match) -> bool:
    """Whether it is four groups of a longer row of groups, some of which pass the check as well; no list of cards."""
    if match["value"].isdecimal():
        return False
    start, end = match.span("value")
    before = match.string[max(0, start - _ROW) : start].rpartition("\n")[2]
    after = match.string[end : end + _ROW].partition("\n")[0]
    groups = [_GROUPS_OF_FOUR.findall(text) for text in (before, after)]
    beside = ("".join(groups[0][-4:]), "".join(groups[1][:4]))
    return sum(map(len, groups)) > _MOST_BESIDE and not any(map(_numbers.is_card, beside))


def _iban(match: Match) -> Reading:
    places = [place for place, character in enumerate(match["value"]) if character.isalnum()]
    length = _numbers.iban_length("".join([match["value"][place] for place in places]))
    return None if length is None else ("strong", match.start("value") + places[length - 1] + 1)


def _social_security(match: Match) -> Reading:
    area, group, serial = re.split("[-. ]", match["value"])
    unnamed = _OTHER_NUMBER.search(match.string, max(0, match.start("value") - 12), match.start("value"))
    strong = not unnamed and "-" in match["value"] and _numbers.is_social_security(area, group, serial)
    return "strong" if strong else "weak", match.end("value")


def _ip4(match: Match) -> Reading:
    # `127.0.0.1` or a mask says nothing about anybody; a private address says little.
    reach = _numbers.reach_of_ip4(match["value"])
    if reach is None or match["value"].startswith(("127.0.0.1", "0.", "255.")):
        return None
    if _VERSION.search(match.string, max(0, match.start("value") - 10), match.start("value")):
        return None
    return "strong" if reach == "public" and not _is_version(match) else "weak", match.end("value")


def _is_version(match: Match) -> bool:
    """Whether small numbers stand where nothing tells of machines, or something of versions."""
    start, end = match.span("value")
    if any(int(part) > _SMALL for part in match["value"].split(".")) or end - start == len(match.string.strip()):
        return False
    before = match.string[max(0, start - 60) : start]
    near = f"{before}\n{match.string[end : end + 40]}"
    return _UPGRADE.search(near) is not None or (
        _MACHINES.search(before) is None and _MACHINES.search(near, len(before)) is None
    )


def _ip6(match: Match) -> Reading:
    # `a[1::2]` is a slice and `12::30` a range: some group of an address has three digits or more.
    reach = _numbers.reach_of_ip6(match["value"]) if _LONG_GROUP.search(match["value"]) else None
    return None if reach is None else ("strong" if reach == "public" else "weak", match.end("value"))


def _mac(match: Match) -> Reading:
    # All zeros and all ones are nobody's.
    return _strong(match) if len(set(match["value"].lower()) - set(":-.")) > 1 else None


def _birth(match: Match) -> Reading:
    # Whoever was born before 1910 is history.
    year = match["year"] or match["year_first"] or match["year_last"]
    return _strong(match) if len(year) == len("85") or year >= "1910" else None


def _labelled(match: Match) -> Reading:
    # `account 12345678` stands for any account.
    return None if _numbers.is_counted(_digits(match)) else _strong(match)


def _bank(match: Match) -> Reading:
    # It names a bank and nobody else.
    return "weak", match.end("value")


def _phone(match: Match) -> Reading:
    digits = _digits(match)
    return _strong(match) if 7 <= len(digits) <= 15 and not _numbers.is_counted(digits) else None  # noqa: PLR2004 - E.164


def _called(match: Match) -> Reading:
    # Beside a word of telephony, digits in groups are a number to call; without a break it takes nine. An area code
    # may stand in brackets, `f(1000000)` may not.
    value = _AREA.sub("", match["value"])
    called = not {"(", ")"} & set(value) and (not match["value"].isdecimal() or len(value) >= 9)  # noqa: PLR2004
    return _phone(match) if called else None


def _digits(match: Match) -> str:
    return "".join(filter(str.isdecimal, match["value"]))


_HEX = "[0-9A-Fa-f]"
# Of six languages.
_MONTH = (
    r"(?:jan|ene|gen|feb|f[e\u00e9]v|mar|m\u00e4r|apr|avr|abr|ma[iyg]|june?|jui|giu|jul|lug|aug|ao[u\u00fb]|ago|set|sept?"
    r"|o[ck]t|ott|out|nov|d[e\u00e9]c|dez|dic)[a-z\u00e9\u00e7]{0,8}\.?"
)
# What else than English calls a day of birth.
_BIRTHS = (
    r"|geburts(?:datum|tag)|\bgeboren(?: am| op)?\b|date de naissance|\bn[\u00e9e]e? le\b|fecha de nacimiento"
    r"|\bnacid[oa] el\b|data di nascita|\bnat[oa] il\b|data de nascimento|\bnascid[oa] em\b|geboortedatum"
    r"|data urodzenia|\u0434\u0430\u0442\u0430 \u0440\u043e\u0436\u0434\u0435\u043d\u0438\u044f"
    r"|do\u011fum tarihi|f\u00f6delsedatum|\u51fa\u751f\u65e5\u671f|\u751f\u5e74\u6708\u65e5"
)
_DATE = (
    r"(?P<value>[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?P<year>[0-9]{4}|[0-9]{2})"
    r"|(?P<year_first>[0-9]{4})[/.-][0-9]{1,2}[/.-][0-9]{1,2}"
    rf"|(?:[0-9]{{1,2}}(?:st|nd|rd|th|er|\.)? (?:of |de )?{_MONTH}(?: del?)?|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?),? "
    r"(?P<year_last>[0-9]{4}))(?![0-9])"
)
_EXTENSION = "(?: ?x[0-9]{1,5})?"
_NUMBERED = r"(?:[ _-]?(?:no|num|number|nr|id))?\b\.?"
# Between a name and its number: `: `, ` is #`, `": "`.
_BESIDE = r"[ :=#*.\"'-]{1,5}(?:(?:is|was)[ :]{1,2}#?)?"
_GROUPS = "(?:[ .()-]{0,2}[0-9])"

RULES: tuple[Rule, ...] = (
    _rule(
        "EMAIL_ADDRESS",
        "at",
        r"(?P<value>(?P<local>[\w.+'-](?<![\w.+'-]{2})[\w.+'-]{0,254}+)",
        r"@[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}+)",
        read=_email,
    ),
    _rule(
        "CREDIT_CARD",
        "number",
        # Not the digits behind a point.
        r"(?P<value>[0-9](?<![0-9]{2})(?<![0-9]\.[0-9])(?:[0-9]{11,18}",
        r"|[0-9]{3}( {1,2}|\r?\n|[-_/])[0-9]{4}\2[0-9]{4}\2[0-9]{1,4}(?:\2[0-9]{1,3})?",
        r"|[0-9]{3}( {1,2}|\r?\n|[-_/])[0-9]{6}\3[0-9]{4,5}))(?![0-9])",
        read=_card,
        kind="pci",
    ),
    _rule(
        "IBAN_CODE",
        "iban",
        r"(?P<value>[A-Za-z](?<![A-Za-z0-9]{2})[A-Za-z][0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}+)",
        read=_iban,
    ),
    _rule(
        "US_SSN",
        "ssn",
        r"(?i:\bssn|social[ _-]?security|\bsocial (?:is|number|no\b|#))[^0-9\n]{0,24}",
        # Read from paper, O is a zero and l a one.
        r"(?P<value>[0-9OSBIl]{3}-[0-9OSBIl]{2}-[0-9OSBIl]{4}|[0-9]{3}([ .]?)[0-9]{2}\2[0-9]{4})(?![0-9])",
        read=_strong,
    ),
    _rule(
        "US_SSN",
        "number",
        r"(?P<value>[0-9](?<![0-9.-][0-9])[0-9]{2}([-. ])[0-9]{2}\2[0-9]{4})(?![-.]?[0-9])",
        read=_social_security,
    ),
    _rule(
        "IP_ADDRESS",
        "number",
        r"(?P<value>[0-9](?<![\w.][0-9])[0-9]{0,2}(?:\.[0-9]{1,3}){3})(?!\w|\.[0-9])",
        read=_ip4,
    ),
    _rule(
        "MAC_ADDRESS",
        "pairs",
        rf"(?P<value>{_HEX}(?<![\w:.-]{_HEX}){_HEX}(?:([:-]){_HEX}{{2}}(?:\2{_HEX}{{2}}){{4}}",
        rf"|{_HEX}{{2}}\.{_HEX}{{4}}\.{_HEX}{{4}}))(?![\w:]|[.-]{_HEX}{{2}})",
        read=_mac,
    ),
    _rule(
        "IP_ADDRESS",
        "pairs",
        r"(?P<value>[0-9A-Fa-f:](?<![\w:][0-9A-Fa-f:])[0-9A-Fa-f]{0,3}:[0-9A-Fa-f:]{1,36}+(?:\.[0-9]{1,3}){0,3})(?!\w)",
        read=_ip6,
    ),
    _rule(
        "MEDICAL_RECORD_NUMBER",
        "record",
        r"(?:\bmrn|medical[ _-]?record|health[ _-]?record|patient[ _-]?(?:id|no|number|record|mrn)"
        r"|chart[ _-]?(?:no|number)|nhs[ _-]?(?:no|number))[^0-9\n]{0,24}?",
        r"(?P<value>(?:mrn-?|[A-Za-z]{1,3}-)?[0-9](?:[ -]?[0-9]){3,11})(?![0-9])",
        read=_strong,
        kind="phi",
    ),
    _rule(
        "DATE_OF_BIRTH",
        "birth",
        r"(?:(?:\bd\.?o\.?b\b|birth[ _-]?(?:date|day)|date[ _-]?of[ _-]?birth|\bborn\b",
        rf"{_BIRTHS})[^0-9\n]{{0,16}}?",
        rf"{_DATE})",
        read=_birth,
    ),
    _rule(
        "US_DRIVER_LICENSE",
        "label",
        r"(?:driv(?:er|ing)[\u2019']?s?[ _-]?licen[cs]es?|\bdl\b)[^0-9\n]{0,24}?\b(?P<value>",
        r"[A-Za-z]{0,3}[0-9](?:[ -]?[0-9]){4,16})(?![0-9A-Za-z])",
        read=_labelled,
    ),
    _rule(
        "US_BANK_NUMBER",
        "label",
        rf"(?:\b(?:account|acct|a/c){_NUMBERED}){_BESIDE}(?P<value>[0-9](?:[ -]?[0-9]){{6,16}})(?![0-9A-Za-z%])",
        read=_labelled,
    ),
    _rule(
        "HEALTH_PLAN_NUMBER",
        "label",
        r"(?:\b(?:health[ _-]?(?:plan|insurance|card)|medicare|medicaid|insurance|member|subscriber|beneficiary)",
        rf"[ _-]?(?:member[ _-]?)?(?:id|no|num|number|nr)\b\.?){_BESIDE}",
        r"(?P<value>[A-Za-z]{0,4}-?[0-9](?:[ -]?[A-Za-z]{0,2}[0-9]){4,15})(?![0-9A-Za-z])",
        read=_labelled,
        kind="phi",
    ),
    _rule(
        "SWIFT_CODE",
        "bank",
        r"(?i:\bbic\b(?: code| number)?|\bswift[ /-](?:bic|code|number))[ :=]{1,3}(?:is )?",
        r"(?P<value>[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)(?![0-9A-Za-z])",
        read=_bank,
    ),
    _rule(  # +46 (0)8 928 571 38
        "PHONE_NUMBER",
        "number",
        rf"(?P<value>\+[0-9](?:[ .()/-]{{0,2}}[0-9]){{6,14}}{_EXTENSION})(?![0-9])",
        read=_phone,
    ),
    _rule(  # (602)272-9781, 345-899-3560x4587
        "PHONE_NUMBER",
        "number",
        r"(?P<value>[(2-9](?<![0-9.+-][(2-9])(?:(?<=\()[2-9][0-9]{2}\) ?|[0-9]{2}[.-])[0-9]{3}[ .-][0-9]{4}",
        rf"{_EXTENSION})(?![.-]?[0-9])",
        read=_phone,
    ),
    _rule(  # 03.93.92.16.85, 079 2718 1155, 0688 872 49 99
        "PHONE_NUMBER",
        "number",
        r"(?P<value>0(?<![\w.,/:+-]0)(?:[0-9]([ .-])[0-9]{2}(?:\2[0-9]{2}){3}",
        r"|[0-9]{2,4}([ -])[0-9]{3,8}(?:\3[0-9]{2,4}){0,3}))(?![.-]?[0-9])",
        read=_phone,
    ),
    _rule(  # 0 532 123 45 67, 532-123-45-67, 0 (532) 1234567, 09-7625400
        "PHONE_NUMBER",
        "number",
        r"(?P<value>[02-9](?<![\w.,/:+-].)(?:(?<=0)[ -]?(?:\(?[2-9][0-9]{2}\)?([ -])[0-9]{3}\2[0-9]{2}\2[0-9]{2}",
        r"|\([2-9][0-9]{1,3}\) ?[0-9]{5,8})|(?<=0)[2-9]-[0-9]{7}|[0-9]{2}([.-])[0-9]{3}\3[0-9]{2}\3[0-9]{2}))",
        r"(?![.-]?[0-9])",
        read=_phone,
    ),
    _rule(  # call me on 9472 7916
        "PHONE_NUMBER",
        "call",
        rf"(?:{PHONE_WORDS})",
        rf"[^0-9+$\u20ac\u00a3]{{0,24}}?(?P<value>\(?[0-9]{_GROUPS}{{6,14}}{_EXTENSION})(?![0-9])",
        read=_called,
    ),
    _rule(  # 416 60 039 office
        "PHONE_NUMBER",
        "place",
        rf"(?P<value>[(0-9](?<![0-9.][(0-9]){_GROUPS}{{6,14}}+{_EXTENSION})",
        r"[ -]{1,2}(?:office|fax|mobile|home|cell|desk|work)\b",
        read=_called,
    ),
)
