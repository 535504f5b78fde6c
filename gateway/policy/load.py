"""From the text of a policy to its value. A policy with a fault is refused whole, with all its faults at once."""

import hashlib
import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.errors import LicenceError, PolicyError, Problem
from gateway.policy.compose import MOST_BYTES, read
from gateway.policy.duties import read_papers
from gateway.policy.explain import Part
from gateway.policy.kinds import KindsOf, OptionsOf, check_kinds
from gateway.policy.lint import check as lint
from gateway.policy.models import Policy
from gateway.policy.names import check_names
from gateway.policy.report import Report
from gateway.policy.shape import Shaper
from gateway.policy.tree import plant
from gateway.policy.value import source_of, tree_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPolicy:
    """A policy that holds, and what is odd about it all the same."""

    policy: Policy
    warnings: tuple[Problem, ...]


def load_policy(
    path: str | os.PathLike[str],
    *,
    options_of: OptionsOf,
    kinds_of: KindsOf,
    environ: Mapping[str, str] | None = None,
) -> Policy:
    """Return the policy of a file; raises `PolicyError`, with a problem for every fault.

    `options_of` and `kinds_of` say which kinds there are (see `gateway.plugins`); `environ` is the process's own
    where it is not given. Opens no connection.
    """
    return check_policy(path, options_of=options_of, kinds_of=kinds_of, environ=environ).policy


def check_policy(
    path: str | os.PathLike[str],
    *,
    options_of: OptionsOf,
    kinds_of: KindsOf,
    environ: Mapping[str, str] | None = None,
    licensed: bool = True,
) -> CheckedPolicy:
    """As `load_policy`, with the warnings. Without `licensed` the licence rules are left to whoever reports on them."""
    environ = os.environ if environ is None else environ
    text = _text(Path(path))
    return _check_text(
        text,
        Beside(name=str(path), file=Path(path), licensed=licensed),
        environ,
        options_of=options_of,
        kinds_of=kinds_of,
    )


def parse_policy(
    text: str, *, name: str = "<policy>", environ: Mapping[str, str], options_of: OptionsOf, kinds_of: KindsOf
) -> Policy:
    """Return the policy of a text; `name` stands where problems name the file."""
    return check_text(text, name=name, environ=environ, options_of=options_of, kinds_of=kinds_of).policy


def check_text(
    text: str, *, name: str = "<policy>", environ: Mapping[str, str], options_of: OptionsOf, kinds_of: KindsOf
) -> CheckedPolicy:
    """As `parse_policy`, with the warnings."""
    return _check_text(text, Beside(name=name), environ, options_of=options_of, kinds_of=kinds_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Where a policy's text comes from, and whether the licence rules are asked about it."""

    name: str = "<policy>"
    file: Path | None = None
    licensed: bool = True


def _check_text(
    text: str, beside: Beside, environ: Mapping[str, str], *, options_of: OptionsOf, kinds_of: KindsOf
) -> CheckedPolicy:
    source = read(text, name=beside.name)
    errors = Report(source=source)
    errors.keep(source.faults)
    tree, resolved = plant(source, environ, errors)
    shaper = Shaper(source=source, tree=tree, report=errors)
    checked = _checked(shaper, beside, options_of=options_of, kinds_of=kinds_of)
    fingerprint = _fingerprint(text, resolved, checked.policy)
    return replace(checked, policy=checked.policy.model_copy(update={"fingerprint": fingerprint}))


def check_value(policy: Policy, *, options_of: OptionsOf, kinds_of: KindsOf) -> Policy:
    """Hold a policy that was built in code to all that a text is held to; raises `PolicyError` with every problem.

    Returns it with what is read beside it.

    A problem names the path of a value and never shows the text of a kind's option. Takes about a millisecond.
    """
    tree = tree_of(policy)
    source = source_of(tree, name="<policy>")
    shaper = Shaper(source=source, tree=tree, report=Report(source=source))
    checked = _checked(shaper, Beside(), options_of=options_of, kinds_of=kinds_of)
    # Its own value stays: what was read again may have lost what only code can say.
    papers = checked.policy.papers
    return policy if papers == policy.papers else policy.with_papers(papers)


def _checked(shaper: Shaper, beside: Beside, *, options_of: OptionsOf, kinds_of: KindsOf) -> CheckedPolicy:
    errors = shaper.report
    warnings = Report(source=shaper.source, hidden=errors.hidden)
    check_kinds(shaper, options_of=options_of, kinds_of=kinds_of)
    policy = _shape(shaper)
    # Conditions and clearances are judged only where every word was read; names always.
    if policy is not None and not errors.faults:
        policy = _with_papers(_with_prices(policy, beside), beside, errors)
        lint(policy, errors=errors, warnings=warnings, licensed=beside.licensed)
    check_names(shaper.tree, errors)
    if policy is None or errors.faults:
        raise PolicyError(errors.lines())
    return CheckedPolicy(policy=policy, warnings=tuple(Problem(warning) for warning in warnings.lines()))


def _with_prices(policy: Policy, beside: Beside) -> Policy:
    """Return the policy with its file of prices named from wherever somebody stands."""
    if policy.prices is None or beside.file is None:
        return policy
    return policy.model_copy(update={"prices": str(beside.file.parent / Path(policy.prices).expanduser())})


def _with_papers(policy: Policy, beside: Beside, errors: Report) -> Policy:
    try:
        return policy.with_papers(read_papers(policy, beside.file))
    except LicenceError as error:
        errors.add_key(("licences",), str(error))
        return policy


def packaged_default() -> Path:
    """Return the policy that stands in where nobody wrote one."""
    package = Path(__file__).parent.parent
    installed = package / "policies" / "default.yaml"
    return installed if installed.is_file() else package.parent / "policies" / "default.yaml"


def _fingerprint(text: str, resolved: Sequence[str], policy: Policy) -> str:
    """Tell one version from another: by the text, what its references stood for (secrets too, hashed), attestations."""
    values = "\0" + json.dumps(resolved) if resolved else ""
    if policy.papers.records.records:
        values += f"\0{policy.papers.records.head}"
    return hashlib.sha256((text + values).encode()).hexdigest()[:12]


def _shape(shaper: Shaper) -> Policy | None:
    part = Part(given=frozenset({"fingerprint"}))
    if "fingerprint" in shaper.tree:
        shaper.explainer.unknown_key(("fingerprint",), (key for key in Policy.model_fields if key not in part.given))
    return shaper.shape(Policy, lambda: shaper.tree, part)


def _text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise PolicyError(
                [f"{path}: this is {'a directory' if stat.S_ISDIR(mode) else 'no plain file'}; name a file"]
            )
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PolicyError(
            [f"{path}: cannot be read: {(error.strerror or 'unknown').lower()}; check the path"]
        ) from error
    except ValueError:
        raise PolicyError(["the path of the policy holds a NUL character; name a file"]) from None
    if len(raw) > MOST_BYTES:
        raise PolicyError([f"{path}: the policy is larger than {MOST_BYTES:,} bytes; split it"])
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise PolicyError([f"{path}:{line}:{column}: this is not UTF-8; save the file as UTF-8"]) from None
