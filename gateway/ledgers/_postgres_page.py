"""How a batch is written to a PostgreSQL ledger, by whoever holds the head of its trail.

The row of the head is locked first. So several machines make one chain, entries have their places in the order of their
records, and nobody waits for anybody who waits for him.
"""

import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from gateway.audit.books import ERASED
from gateway.audit.chain import Head
from gateway.audit.evidence import Evidence, Party
from gateway.audit.pseudonyms import lookup, new_key, pseudonym
from gateway.audit.records import Names, erasure_body, holdout_body
from gateway.entries import FeedbackFate
from gateway.errors import UnfitLedgerError
from gateway.ledgers._parties import entries_about, mark_of
from gateway.ledgers._pen import End, Pen, RecordRow
from gateway.ledgers._postgres_door import LONG_S, Link
from gateway.ledgers._postgres_rollups import Rollups, marks
from gateway.ledgers._postgres_values import kept, kept_row
from gateway.ledgers._rows import (
    ATTEMPT_COLUMNS,
    ENTRY_COLUMNS,
    HOLDOUT_COLUMNS,
    WHOSE_COLUMNS,
    attempt_rows,
    entry_row,
    holdout_row,
    whose_of,
)
from gateway.ledgers._writes import EntryWrite, EraseWrite, FeedbackWrite, HoldoutWrite, Result, Write
from gateway.times import microseconds

_SELECT_HEAD = """
    SELECT trail, pepper, count, hash, erasures, key_check, seal, entries FROM audit_head FOR UPDATE"""
_UPDATE_HEAD = "UPDATE audit_head SET count = $1, hash = $2, seal = $3, erasures = $4, key_check = $5, entries = $6"
_COUNT_FEEDBACK = """
    SELECT count(*) FROM feedback WHERE left(tenant, 200) = left($1, 200) AND tenant = $1 AND at_us > $2"""
_COUNT_NOBODYS_FEEDBACK = "SELECT count(*) FROM feedback WHERE left(tenant, 200) IS NULL AND at_us > $1"
_INSERT_HOLDOUT = f"""
    INSERT INTO holdouts (entry, {", ".join(HOLDOUT_COLUMNS)}) VALUES ({marks(1 + len(HOLDOUT_COLUMNS))})
    ON CONFLICT (entry) DO NOTHING RETURNING 1"""  # noqa: S608 - the names are ours


class Page:
    """What one transaction writes. Between `open` and `close` the head is held."""

    def __init__(self, link: Link, pen: Pen, rollups: Rollups) -> None:
        self._link = link
        self._pen = pen
        self._rollups = rollups
        self._records: list[RecordRow] = []
        self._entries = 0
        # Of whom is to be erased, by what he is called: up to which record his entries were looked for, and which.
        self._found: dict[str, tuple[int, set[str]]] = {}

    async def look_ahead(self, batch: Sequence[Write]) -> None:
        """Look for the entries of those who are to be erased while nobody waits: a trail may be long."""
        for party in {write.party for write in batch if isinstance(write, EraseWrite)}:
            pepper, count = await self._link.fetchrow("SELECT pepper, count FROM audit_head") or (b"", 0)
            key = await self._link.fetchval("SELECT key FROM audit_keys WHERE lookup = $1", lookup(pepper, party))
            if key is not None:
                called = pseudonym(key, party)
                texts = await self._texts(mark_of(party.whose, called), after=0)
                self._found[called] = count, entries_about(texts, party.whose, called)

    async def open(self) -> None:
        """Hold the head; raises `UnfitLedgerError` where the trail cannot go on, `ConfigurationError` for a key."""
        row = await self._link.fetchrow(_SELECT_HEAD)
        if row is None:
            raise UnfitLedgerError("the audit trail of the ledger has lost its head; restore the ledger from a copy")
        trail, pepper, count, last, erasures, check, seal, self._entries = row
        sealing = self._pen.take(End(trail, pepper, Head(count=count, hash=last), erasures, check, seal))
        if sealing is not None:
            self._records.append(sealing)
        if self._pen.is_anew:
            self._rollups.forget_cells()
        await self._rollups.begin(self._link)

    async def close(self) -> None:
        """Write the sums, the records, and where the trail ends now."""
        await self._rollups.flush(self._link)
        await self._copy("audit", ("n", "entry", "subject", "body"), self._records)
        self._records = []
        head = self._pen.put_down()
        if head is not None:
            await self._link.execute(_UPDATE_HEAD, *head, self._entries)

    async def write(self, batch: Sequence[Write]) -> list[Result]:
        """Write a batch in its order, entries that follow each other at once; return what each is told."""
        results: list[Result] = []
        for _, writes in groupby(batch, key=type):
            entries: list[EntryWrite] = []
            for write in writes:
                if isinstance(write, EntryWrite):
                    entries.append(write)
                else:
                    results.append(await self._write_one(write))
            results += await self._book(entries) if entries else []
        return results

    async def _write_one(self, write: FeedbackWrite | HoldoutWrite | EraseWrite) -> Result:
        if isinstance(write, FeedbackWrite):
            return await self._judge(write)
        if isinstance(write, HoldoutWrite):
            return await self._compare(write)
        return await self._erase(write.party)

    async def _book(self, writes: Sequence[EntryWrite]) -> list[Result]:
        """Write entries, their attempts, sums and records; False for those whose id is there already."""
        ids = [kept(write.entry.id) for write in writes]
        found = await self._link.fetch("SELECT id FROM entries WHERE id = ANY($1::text[])", ids)
        known = {row["id"] for row in found}
        booked: list[EntryWrite] = []
        fresh: list[Result] = []
        for one, write in zip(ids, writes, strict=True):
            fresh.append(one not in known)
            if one not in known:
                known.add(one)
                booked.append(write)
        names = await self._names([write.evidence for write in booked])
        entries, attempts = [], []
        for write, name in zip(booked, names, strict=True):
            entry, self._entries = write.entry, self._entries + 1
            entries.append((self._entries, self._rollups.add(entry), *kept_row(entry_row(entry))))
            attempts += [(self._entries, *kept_row(row)) for row in attempt_rows(entry)]
            self._records.append(self._pen.write_request(write.drafted, name, self._entries))
        await self._copy("entries", ("n", "hour", *ENTRY_COLUMNS), entries)
        await self._copy("attempts", ("entry", *ATTEMPT_COLUMNS), attempts)
        return fresh

    async def _judge(self, write: FeedbackWrite) -> FeedbackFate:
        said = write.feedback
        entry = await self._link.fetchrow(
            "SELECT n, tenant FROM entries WHERE id = $1 AND (tenant IS NULL OR tenant = $2)",
            kept(said.entry_id),
            kept(said.tenant),
        )
        if entry is None:
            return "unknown"
        if write.most_a_day is not None and await self._given(entry["tenant"], write.since_us) >= write.most:
            return "over_cap"
        row = (entry["n"], said.score, kept(said.source), microseconds(said.at), entry["tenant"])
        await self._link.execute(
            "INSERT INTO feedback (entry, score, source, at_us, tenant) VALUES ($1, $2, $3, $4, $5)", *row
        )
        return "kept"

    async def _given(self, tenant: str | None, since_us: int) -> int:
        """Return how many judgements a tenant gave after a time."""
        if tenant is None:
            return int(await self._link.fetchval(_COUNT_NOBODYS_FEEDBACK, since_us))
        return int(await self._link.fetchval(_COUNT_FEEDBACK, tenant, since_us))

    async def _compare(self, write: HoldoutWrite) -> bool:
        """Write a comparison; False where it cannot be kept: the calls are recorded all the same."""
        record, evidence = write.record, write.evidence
        # The names are ours.
        select = f"SELECT n, {WHOSE_COLUMNS} FROM entries WHERE id = $1"  # noqa: S608
        row = await self._link.fetchrow(select, kept(record.entry_id))
        place, whose = (None, None) if row is None else (row["n"], whose_of(tuple(row)[1:]))
        is_kept = False
        if whose is not None:
            is_kept = bool(await self._link.fetchval(_INSERT_HOLDOUT, place, *kept_row(holdout_row(record))))
            if is_kept:
                self._rollups.add_holdout(record, whose)
        if evidence is not None:
            (names,) = await self._names([evidence])
            body = holdout_body(record.entry_id, names, kept=is_kept)
            self._records.append(self._pen.write(body, evidence.facts, at=record.at, entry=place))
        return is_kept

    async def _erase(self, party: Party) -> int | None:
        """Delete the key, and from the books what leads to the party; None where it is not known."""
        called = await self._delete_key(party)
        theirs = set() if called is None else await self._entries_of(party, called)
        if party.whose == "tenant":
            theirs |= await self._free_tenant(kept(party.name), theirs)
        freed = "UPDATE entries SET request_id = NULL, features = NULL, classifier = NULL WHERE id = ANY($1::text[])"
        count = int((await self._link.execute(freed, list(theirs))).removeprefix("UPDATE "))
        if called is None and count == 0:
            return None
        self._records.append(self._pen.write(erasure_body(party.whose, count), at=datetime.now(UTC)))
        return count

    async def _delete_key(self, party: Party) -> str | None:
        deleted = "DELETE FROM audit_keys WHERE lookup = $1 RETURNING key"
        key = await self._link.fetchval(deleted, lookup(self._pen.pepper, party))
        return None if key is None else self._pen.erase(party, key)

    async def _entries_of(self, party: Party, called: str) -> set[str]:
        after, found = self._found.get(called, (0, set()))
        texts = await self._texts(mark_of(party.whose, called), after=after)
        texts += [record.text for record in self._records]
        return {kept(one) for one in found | entries_about(texts, party.whose, called)}

    async def _texts(self, mark: str, *, after: int) -> list[str]:
        select = "SELECT body FROM audit WHERE n > $1 AND position($2 IN body) > 0"
        return [row["body"] for row in await self._link.fetch(select, after, mark, timeout=LONG_S)]

    async def _free_tenant(self, name: str, theirs: set[str]) -> set[str]:
        """Give a tenant's rows another name; return the ids of its entries."""
        # Another word than NULL, which would open the entries to everybody's feedback.
        tenant = f"{ERASED}{secrets.token_hex(8)}"
        renamed = await self._link.fetch(
            "UPDATE entries SET tenant = $1 WHERE tenant = $2 OR id = ANY($3::text[]) RETURNING n, id",
            tenant,
            name,
            list(theirs),
        )
        places = [row["n"] for row in renamed]
        feedback = "UPDATE feedback SET tenant = $1 WHERE tenant = $2 OR entry = ANY($3::bigint[])"
        await self._link.execute(feedback, tenant, name, places)
        await self._link.execute("UPDATE corrections SET tenant = $1 WHERE tenant = $2", tenant, name)
        await self._rollups.rename_tenant(self._link, name, tenant)
        return {row["id"] for row in renamed}

    async def _names(self, told: Sequence[Evidence]) -> list[Names]:
        """Return the pseudonyms of records, with keys that are made where there is none."""
        called = {party: self._pen.called(party) for evidence in told for party in _parties(evidence)}
        lookups = {lookup(self._pen.pepper, party): party for party, name in called.items() if name is None}
        if lookups:
            select = "SELECT lookup, key FROM audit_keys WHERE lookup = ANY($1::bytea[])"
            keys = {row["lookup"]: row["key"] for row in await self._link.fetch(select, list(lookups))}
            made = {one: new_key() for one in lookups if one not in keys}
            await self._copy("audit_keys", ("lookup", "key"), list(made.items()))
            called |= {party: self._pen.call(party, (keys | made)[one]) for one, party in lookups.items()}
        return [_names_of(evidence, called) for evidence in told]

    async def _copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        if rows:
            await self._link.copy_records_to_table(table, columns=columns, records=rows)


def _parties(evidence: Evidence) -> Iterator[Party]:
    if evidence.tenant is not None:
        yield Party(whose="tenant", name=evidence.tenant)
    if evidence.subject is not None:
        yield Party(whose="subject", name=evidence.subject)


def _names_of(evidence: Evidence, called: dict[Party, str | None]) -> Names:
    found = {party.whose: called[party] for party in _parties(evidence)}
    return Names(tenant=found.get("tenant"), subject=found.get("subject"))
