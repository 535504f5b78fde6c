"""A proof for programs: JSON of a schema that only grows. It repeats no name of a tenant or a subject."""

from datetime import datetime
from typing import Any

from gateway.audit.chain import Problem
from gateway.audit.proof import Calls, Host, Proof, Question, Violation

PROVE_SCHEMA = "gateway.audit.prove/1"
VERIFY_SCHEMA = "gateway.audit.verify/1"

# What json writes.
Json = dict[str, Any]


def proof_json(proof: Proof, question: Question) -> Json:
    """Return what is proved about the requests of a question, and what is not."""
    return {
        "schema": PROVE_SCHEMA,
        "proved": proof.is_proved,
        "question": {
            "tags": sorted(question.tags),
            "kinds": sorted(question.kinds),
            "level": None if question.level is None else str(question.level),
            "since": _time(question.since),
            "until": _time(question.until),
            "parties": sorted(party.whose for party in question.parties),
        },
        "requests": proof.requests,
        "statuses": {status: proof.statuses[status] for status in ("answered", "refused", "exhausted", "cancelled")},
        "comparisons": proof.comparisons,
        "hosts": [_host(host, calls) for host, calls in proof.hosts.items()],
        "stopped_calls": proof.stopped,
        "violations": {"count": proof.violation_count, "first": [_violation(one) for one in proof.violations]},
        "unproved": {
            "requests_before_the_trail": proof.uncovered,
            "requests_imported": proof.imported,
            "calls_of_unknown_clearance": proof.unknown,
            "unknown_parties": proof.unknown_parties,
            "unknown_names": list(proof.unknown_names),
        },
        "trail": _trail(proof),
    }


def trail_json(proof: Proof) -> Json:
    """Return whether a trail is whole, and what is wrong with it."""
    return {"schema": VERIFY_SCHEMA, "whole": proof.is_whole, "trail": _trail(proof)}


def _trail(proof: Proof) -> Json:
    before = proof.before
    return {
        "id": proof.trail,
        "whole": proof.is_whole,
        "head": str(proof.head),
        "records": proof.records,
        "sealed_records": proof.sealed,
        "unsealed_records": proof.unsealed,
        "dropped_records": proof.dropped,
        "archived_entries": proof.archived,
        "archived_entries_not_read": proof.unread,
        "erasures": proof.erasures,
        "begun": _time(proof.begun),
        "before": {"entries": before.entries, "comparisons": before.holdouts, "last_entry": before.last},
        "problems": {"count": proof.problem_count, "first": [_problem(problem) for problem in proof.problems]},
    }


def _host(host: Host, calls: Calls) -> Json:
    return {
        "backend": host.backend,
        "host": host.host,
        "local": host.local,
        "clearance": None if host.clearance is None else str(host.clearance),
        "region": host.region,
        "calls": calls.calls,
        "failed": calls.failed,
        "redacted": calls.redacted,
        "purposes": dict(sorted(calls.purposes.items())),
    }


def _violation(violation: Violation) -> Json:
    return {
        "record": violation.n,
        "at": _time(violation.at),
        "entry": violation.entry,
        "level": str(violation.level),
        "backend": violation.backend,
        "host": violation.host,
        "code": violation.code,
    }


def _problem(problem: Problem) -> Json:
    return {"code": problem.code, "text": problem.text, "record": problem.n, "entry": problem.entry}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
