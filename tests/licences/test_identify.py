"""Which licence a text is, by hash and by words; the official texts are compared in `test_official_texts`."""

import hashlib

from gateway.licences.identify import identify, normal
from gateway.licences.registry import get, packaged

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"


def test_a_text_is_told_by_words_that_only_it_has() -> None:
    """Whatever the line ends and quotes."""
    three = get("llama-3")
    text = "\r\n".join(three.marks).replace(" ", "  ").encode()

    found = identify(text, packaged())

    assert (found.licence, found.exact) == (three, False)
    assert found.sha256 == hashlib.sha256(text).hexdigest()


def test_a_modified_licence_is_not_taken_for_the_plain_one() -> None:
    """Kimi's holds all the words of MIT's."""
    plain, modified = identify(MIT.encode(), packaged()), identify(f"{MIT} Kimi K2".encode(), packaged())

    assert (plain.licence, modified.licence) == (get("mit"), get("kimi-modified-mit"))


def test_any_other_text_is_none() -> None:
    """Nobody guesses, not even where it is no text."""
    assert identify(b"\xff\xfe", packaged()).licence is None
    assert identify(b"Llama 3.1 Community License", packaged()).licence is None


def test_marks_of_markdown_and_curly_quotes_change_nothing() -> None:
    """As converters leave them."""
    assert normal("2\\. **Terms**\n\N{LEFT DOUBLE QUOTATION MARK}x\N{RIGHT DOUBLE QUOTATION MARK}") == '2. Terms "x"'
