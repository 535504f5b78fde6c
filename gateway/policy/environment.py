"""`${NAME}` and `${NAME:-default}` in the values of a policy. What they stand for may be secret and is never shown."""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-(?:[^}$]|\$(?!\{))*+)?\}|\$\{")


def names(text: str) -> list[str]:
    """Return the variables that a text reads, as often as it does."""
    return [match["name"] for match in _REFERENCE.finditer(text) if match["name"]]


def expand(text: str, environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the text with its references replaced, and what is wrong with those that cannot be.

    As in a shell, the default also stands in for an empty variable; it holds no reference. `$${` is a literal `${`.
    """
    faults: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name, default = match["name"], match["default"]
        if name is None:
            faults.append("an unfinished reference; write ${NAME} or ${NAME:-default}, and $${ for a literal ${")
            return ""
        if default is not None:
            return environ.get(name) or default.removeprefix(":-")
        if name not in environ:
            faults.append(f"{name} is not set in the environment; set {name} or write ${{{name}:-default}}")
        return environ.get(name, "")

    return _REFERENCE.sub(replace, text), tuple(faults)
