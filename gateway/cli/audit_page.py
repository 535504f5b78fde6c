"""What `gateway audit` shows: a page that somebody can read who knows neither the program nor its words."""

from datetime import datetime

from gateway.audit.proof import Calls, Host, Proof, Question
from gateway.cli.console import Side, say, say_facts, say_table

_COLUMNS: dict[str, Side] = {
    "backend": "fold",
    "host": "fold",
    "local": "left",
    "clearance": "left",
    "region": "left",
    "calls": "right",
    "failed": "right",
    "redacted": "right",
    "for": "fold",
}
_WHY = {
    "clearance": "the level was above its clearance",
    "kind": "it refuses what the request held",
    "region": "the request was bound to another region",
    "retention": "it may keep what nobody may keep",
    "not_planned": "the plan of the request did not have it",
}
_LOCAL = {True: "yes", False: "no", None: "unknown"}
_MOST_LINES = 20


def print_proof(proof: Proof, question: Question) -> None:
    """Print what is proved: the verdict first, then the hosts, then what it rests on."""
    say(_verdict(proof, question))
    say()
    if proof.hosts:
        rows = [_row(host, calls) for host, calls in proof.hosts.items()]
        say_table(_COLUMNS, rows, styles=["" if row[2] == "yes" else "yellow" for row in rows])
        say()
    facts = {
        "asked about": [_asked(question)],
        "requests": [_requests(proof)],
        "calls": _calls(proof),
        "violations": _violations(proof),
        "not proved": _unproved(proof),
        **_trail(proof),
        **_problems(proof),
    }
    say_facts({name: lines for name, lines in facts.items() if lines})


def print_trail(proof: Proof) -> None:
    """Print whether the trail is whole, and what is wrong with it."""
    say_facts({**_trail(proof), **_problems(proof)})


def _verdict(proof: Proof, question: Question) -> str:
    if proof.is_proved:
        none = "" if proof.requests or proof.comparisons else "; there was none"
        return f"PROVED: no {_what(question)} went where it may not go{none}"
    reasons = [
        *([counted(proof.violation_count, "violation")] if proof.violation_count else []),
        *(["the trail is not whole"] if not proof.is_whole else []),
        *(["not all of it can be proved"] if _unproved(proof) else []),
    ]
    return f"NOT PROVED: {', '.join(reasons)}"


def _what(question: Question) -> str:
    names = " or ".join(sorted(question.tags | question.kinds))
    return f"request with {names}" if names else "request"


def _row(host: Host, calls: Calls) -> list[str]:
    return [
        host.backend,
        host.host,
        _LOCAL[host.local],
        "unknown" if host.clearance is None else str(host.clearance),
        host.region or "-",
        f"{calls.calls:,}",
        f"{calls.failed:,}",
        f"{calls.redacted:,}",
        ", ".join(f"{purpose} {count:,}" for purpose, count in sorted(calls.purposes.items())),
    ]


def _asked(question: Question) -> str:
    parts = [
        *([f"label with {' or '.join(sorted(question.tags))}"] if question.tags else []),
        *([f"found {' or '.join(sorted(question.kinds))}"] if question.kinds else []),
        *([f"level {question.level} or above"] if question.level is not None else []),
        *(f"of one {party.whose}" for party in question.parties),
        *([f"from {_time(question.since)}"] if question.since else []),
        *([f"until {_time(question.until)}"] if question.until else []),
    ]
    return ", ".join(parts) or "every request"


def _requests(proof: Proof) -> str:
    ends = ", ".join(f"{count:,} {status}" for status, count in sorted(proof.statuses.items()))
    compared = f"; {counted(proof.comparisons, 'comparison')} after a reply" if proof.comparisons else ""
    return f"{proof.requests:,}{f': {ends}' if ends else ''}{compared}"


def _calls(proof: Proof) -> list[str]:
    calls = sum(seen.calls for seen in proof.hosts.values())
    local = sum(seen.calls for host, seen in proof.hosts.items() if host.local)
    stopped = f"; {proof.stopped:,} more were stopped before anything was sent" if proof.stopped else ""
    return [f"{calls:,} of {counted(len(proof.hosts), 'host')}, {local:,} of them local{stopped}"]


def _violations(proof: Proof) -> list[str]:
    if not proof.violation_count:
        return ["0"]
    told = [
        f"record {one.n}, {_time(one.at)}: {one.backend} at {one.host} saw a request of level {one.level} "
        f"(entry {one.entry}): {_WHY[one.code]}"
        for one in proof.violations[:_MOST_LINES]
    ]
    return [f"{proof.violation_count:,}", *told, *_rest(proof.violation_count)]


def _rest(count: int) -> list[str]:
    return [f"and {count - _MOST_LINES:,} more; --json has more of them"] if count > _MOST_LINES else []


def _unproved(proof: Proof) -> list[str]:
    counts = {
        "from before the trail began": counted(proof.uncovered, "request"),
        "imported from elsewhere": counted(proof.imported, "request"),
        "whose backend's clearance is not recorded": counted(proof.unknown, "call"),
        "that nobody knows, or nobody knows any more": counted(proof.unknown_parties, "name"),
    }
    names = [f"{name!r}: no record has it: is the name right?" for name in proof.unknown_names]
    return [*(f"{count} {what}" for what, count in counts.items() if not count.startswith("0 ")), *names]


def _trail(proof: Proof) -> dict[str, list[str]]:
    state = "whole" if proof.is_whole else f"NOT WHOLE, {counted(proof.problem_count, 'problem')}"
    seal = f"{proof.sealed:,} of them sealed with your key" if proof.sealed else "not sealed with a key"
    erased = f", {counted(proof.erasures, 'erasure')} among them" if proof.erasures else ""
    begun = f" since {_time(proof.begun)}" if proof.begun else ""
    before = counted(proof.before.entries, "entry", "entries")
    notes = [
        *(
            [f"{before} on the books are older than the trail: of them nothing is proved"]
            if proof.before.entries
            else []
        ),
        *([_archived(proof)] if proof.archived else []),
        *([_unsealed(proof.unsealed)] if proof.sealed and proof.unsealed > 1 else []),
    ]
    return {
        "trail": [f"{state}: {counted(proof.records, 'record')}{begun}{erased}, {seal}"],
        "head": [str(proof.head)],
        **({"note": notes} if notes else {}),
    }


def _archived(proof: Proof) -> str:
    count = counted(proof.archived, "entry", "entries")
    told = "is in archives" if proof.archived == 1 else "are in archives"
    return f"{count} {told}, which were {'not read: give --archive DIR' if proof.unread else 'read'}"


def _unsealed(count: int) -> str:
    return f"records 1 to {count:,} are not sealed: whoever can write the file could have made them up before the seal"


def _problems(proof: Proof) -> dict[str, list[str]]:
    if proof.is_whole:
        return {}
    told = [problem.text for problem in proof.problems[:_MOST_LINES]]
    return {"problems": [*told, *_rest(proof.problem_count)]}


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _time(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M")
