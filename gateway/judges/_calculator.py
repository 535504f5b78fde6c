"""A calculator: numbers, the four operations, powers and brackets, exactly and within bounds."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from gateway.judges._numbers import decimals

# How `%` is read: as a hundredth, as nothing, or as a part of what it is added to (`100 - 20% = 80`).
Percent = Literal["hundredth", "plain", "part"]
PERCENT_READINGS: tuple[Percent, ...] = ("hundredth", "plain", "part")

_MOST_POWER = 20
_MOST_BITS = 2_000
_TIMES, _OVER = frozenset("*xX\u00d7\u00b7") | {"of"}, frozenset("/\u00f7")
_MINUS = frozenset("-\u2212")
_POWER = frozenset({"^", "**"})


class UnreadableError(Exception):
    """This is no expression, or one beyond all measure."""


def calculated(terms: Sequence[str], *, percent: Percent = "hundredth") -> Fraction:
    """Return the value of an expression; raises `UnreadableError`."""
    calculator = _Calculator(terms, percent)
    value = calculator.sum()
    if calculator.next is not None:
        raise UnreadableError
    return value


class _Calculator:
    """Reads terms from the left to the right, one function a level of precedence."""

    def __init__(self, terms: Sequence[str], percent: Percent) -> None:
        self._terms = terms
        self._percent = percent
        self._place = 0
        self._is_part = False

    @property
    def next(self) -> str | None:
        """The term that was not read yet."""
        return self._terms[self._place] if self._place < len(self._terms) else None

    def sum(self) -> Fraction:
        """Read an expression."""
        value = self._product()
        while self.next == "+" or self.next in _MINUS:
            sign = 1 if self._take() == "+" else -1
            self._is_part = False
            term = self._product()
            value += sign * (value * term if self._is_part and self._percent == "part" else term)
            self._is_part = False
        return value

    def _product(self) -> Fraction:
        value = self._power()
        while self.next in _TIMES or self.next in _OVER:
            divides = self._take() in _OVER
            factor = self._power()
            self._is_part = False
            if divides and not factor:
                raise UnreadableError
            value = _bounded(value / factor if divides else value * factor)
        return value

    def _power(self) -> Fraction:
        if self.next in _MINUS:
            self._take()
            return -self._power()
        value = self._atom()
        if self.next not in _POWER:
            return value
        self._take()
        power = self._power()
        if power.denominator != 1 or abs(power) > _MOST_POWER or not value:
            raise UnreadableError
        return _bounded(value ** int(power))

    def _atom(self) -> Fraction:
        term = self._take()
        if term == "(":
            value = self.sum()
            if self._take() != ")":
                raise UnreadableError
        elif term[:1].isdigit() or term[:1] == ".":
            value = decimals(term).value
        else:
            raise UnreadableError
        if self.next == "%":
            self._take()
            self._is_part = True
            value = value if self._percent == "plain" else value / 100
        return value

    def _take(self) -> str:
        term = self.next
        if term is None:
            raise UnreadableError
        self._place += 1
        return term


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise UnreadableError
    return value
