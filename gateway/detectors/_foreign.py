"""Finds passwords behind the word for one in other languages than English, with or without a verb between."""

import re
from collections.abc import Iterator

from gateway.detectors._keys import Hit
from gateway.detectors._page import Page
from gateway.detectors._search import matches
from gateway.detectors._values import is_number_or_name, of_assigned

# With each word its beginning, which is looked for first.
_WORDS = {
    "kennwort": "kennw(?:ort|\u00f6rter)",
    "passwort": "passwort",
    "mot de passe": "mots? de passe",
    "contrase\u00f1a": "contrase\u00f1as?",
    "clave": "clave(?: secreta| de acceso)?",
    "password": "(?:set|reset|chang(?:e|ed|ing)|updat(?:e|ed|ing)) [a-z' ]{0,30}password|password(?! to)",
    "senha": "senhas?",
    "wachtwoord": "wachtwoord",
    "has\u0142": "has\u0142(?:o|em)",
    "\u043f\u0430\u0440\u043e\u043b": "\u043f\u0430\u0440\u043e\u043b(?:\u044c|\u044f|\u0435\u043c)",
    "\u5bc6\u7801": "\u5bc6\u7801",
    "\u5bc6\u78bc": "\u5bc6\u78bc",
    "\u53e3\u4ee4": "\u53e3\u4ee4",
    "\u30d1\u30b9\u30ef\u30fc\u30c9": "\u30d1\u30b9\u30ef\u30fc\u30c9",
    "\ube44\ubc00\ubc88\ud638": "\ube44\ubc00\ubc88\ud638",
    "\u015fifre": "\u015fifre(?:m|n|si|niz|miz)?",
    "parola": "parola(?:m|n|s\u0131|n\u0131z|m\u0131z)?",
    "l\u00f6senord": "l\u00f6senord(?:et)?",
}
_JOINS = (
    r"(?:[ \t]{0,4}[:=]"
    r"|[ \t]{1,4}(?:es|\u00e9|\u00e8|ist|est|lautet|to|jest|is|\u00e4r|\u044d\u0442\u043e|\u2014|-)(?![\w-])"
    r"|[ \t]?(?:\u662f|\u4e3a|\u70ba|\u306f|\u304c|\ub294|\uc740)|(?<=[^a-z])(?=[ \t]))[ \t]?:?\s{0,4}"
)
_ASSIGNED = re.compile(
    rf"(?<![a-z])(?:{'|'.join(_WORDS.values())}){_JOINS}[\"'`\u00ab\u201c\u201e\u300c]?"
    r"(?P<value>(?![\"'`])[!-~](?:(?![\"'`<>,;(){}])[!-~]){5,200})"
)


def foreign(page: Page) -> Iterator[Hit]:
    """Yield the passwords that are named in such a language."""
    lower = page.lower
    if not any(word in lower for word in _WORDS):
        return
    for match in matches(_ASSIGNED, lower):
        start, end = match.span("value")
        value = page.text[start:end].rstrip(".:!?*")
        if any(map(str.isdigit, value)) and not (value.isdecimal() or is_number_or_name(value)):
            strength = of_assigned(value, made_up=True, quoted=False)
            if strength:
                yield "PASSWORD", start, start + len(value), strength
