"""Texts that a careless reader takes for ever over, or fails at."""

_SIZE = 1_000_000
_PIECES = (
    *("0", "{", "[", "}", " ", "a ", "= ", "1,", "1 ", "-", "\n", "$", "**", "a", "1/", "`", "_", "1 1/2", "\n{", '"'),
    *(
        "\\boxed{",
        "####",
        "```\n",
        '"answer": ',
        "answer is ",
        "(A) ",
        "A) a ",
        "\\frac{1}",
        "B.",
        "x = a the of ",
        "\\",
    ),
    *(
        "<function=a>{",
        "how many B) ",
        "answer:",
        "3 x ",
        "1+",
        "(1+",
        "2*(",
        "<<1=",
        "5 eggs ",
        "I can't ",
        "not sure ",
    ),
    *(
        "1=1 ",
        "1+1=2 ",
        "1 % of ",
        "“a b c d” ",
        '"a b c d" ',
        "'",
        "2^",
        "2**",
        "the same line again\n",
        "\u0130",
        "\ud800",
    ),
)


def texts(size: int = _SIZE) -> list[str]:
    """Return long texts of one piece again and again, and two that begin what they never end."""
    repeated = [piece * (size // len(piece)) for piece in _PIECES]
    return [*repeated, '{"answer": "' + "\\" * size, "B) " + "x" * size]
