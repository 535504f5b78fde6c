"""A router is measured on what it did not learn from, beside what it has to beat, and told the truth."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from support.routers import Tables, by_lot, hardness, labelled

from gateway.errors import RowsError
from gateway.training.curves import page
from gateway.training.evaluate import Evaluation, evaluate_as_is, evaluate_folds, evaluate_split, use_of
from gateway.training.metrics import Array, exact
from gateway.training.rows import Row
from gateway.wire.request import parse_request

FIGURES = {"apgr", "cpt50", "cpt80"}


def texts(rows: list[Row]) -> list[int]:
    return sorted(id(row) for row in rows)


def test_folds_score_every_row_by_a_router_that_did_not_see_it() -> None:
    """Whatever a router learned from, it is not tested on, and no row is left out."""
    rows, tables = labelled(200), Tables()

    evaluation = evaluate_folds(rows, tables, number=5, use="prompt", seed=3)

    for learned, scored in zip(tables.learned, tables.scored, strict=True):
        assert texts([*learned, *scored]) == texts(rows)
    assert texts([row for scored in tables.scored for row in scored]) == texts(rows)
    assert (evaluation.n_train, evaluation.n_test, evaluation.seeds) == (160, 200, (3,))


def test_a_split_learns_from_so_many_rows_and_tests_the_others() -> None:
    """Each seed draws its own rows; the figures are their means."""
    rows, tables = labelled(200), Tables()

    evaluation = evaluate_split(rows, tables, train_size=50, seeds=range(3), use="prompt")

    assert [len(learned) for learned in tables.learned] == [50] * 3
    assert tables.seeds == [0, 1, 2]
    for learned, scored in zip(tables.learned, tables.scored, strict=True):
        assert texts([*learned, *scored]) == texts(rows)
    assert (evaluation.n_train, evaluation.n_test, evaluation.seeds) == (50, 150, (0, 1, 2))
    apgrs = [
        _apgr(scored, Tables()(learned, 0)(scored))
        for learned, scored in zip(tables.learned, tables.scored, strict=True)
    ]
    assert evaluation.exact.apgr == pytest.approx(np.mean(apgrs))


def _apgr(rows: list[Row], scores: Array) -> float:
    apgr = exact(scores, np.array([row.weak for row in rows]), np.array([row.strong for row in rows])).apgr
    assert apgr is not None
    return apgr


def test_a_good_router_is_said_to_be_better() -> None:
    """Who ranks by the true difficulty beats chance and length, and is calibrated."""
    evaluation = evaluate_as_is(labelled(1000), hardness, use="prompt")

    assert evaluation.verdicts() == ("better than chance and than the length of the prompt",)
    assert evaluation.exact.apgr is not None
    assert evaluation.exact.apgr > 0.65
    assert evaluation.ece < 0.05
    assert evaluation.auc is not None
    assert evaluation.auc > 0.75
    assert evaluation.n_train is None


def test_a_router_by_lot_is_called_chance() -> None:
    """Nobody has to read an interval to learn that nothing was learned."""
    evaluation = evaluate_as_is(labelled(400), by_lot, use="prompt")

    assert "this is chance: the interval of the APGR holds 0.5" in evaluation.verdicts()


def test_a_router_that_ranks_backwards_is_called_worse() -> None:
    """An upside-down score is no chance, it is a fault; and length alone beats it."""
    evaluation = evaluate_as_is(labelled(1000), lambda rows: 1 - hardness(rows), use="prompt")

    assert evaluation.verdicts() == ("this is worse than chance", "the length of the prompt alone does better")


def test_a_router_below_the_length_of_the_prompt_is_told_so() -> None:
    """Where longer prompts are harder, a router has to beat counting characters."""
    rows = [
        Row(request=parse_request("a" * (1 + index)), weak=float(index < 200), strong=1.0, category="all")
        for index in range(400)
    ]
    noise = np.random.default_rng(0).normal(0, 0.4, 400)

    evaluation = evaluate_as_is(rows, lambda _: np.clip(np.arange(400) / 400 + noise, 0, 1), use="prompt")

    assert evaluation.verdicts() == ("the length of the prompt alone does better",)


def test_without_a_gap_nothing_is_made_up() -> None:
    """A strong model that is no better leaves figures of null and a plain sentence."""
    rows = [Row(request=parse_request("a"), weak=1.0, strong=1.0)] * 40

    evaluation = evaluate_as_is(rows, by_lot, use="prompt")

    assert "nothing to route for" in evaluation.verdicts()[0]
    assert evaluation.as_dict()["apgr"] is None
    assert evaluation.as_dict()["auc"] is None
    assert evaluation.as_dict()["baselines"]["random"] == dict.fromkeys(FIGURES)


def test_a_gap_that_may_be_none_has_no_interval() -> None:
    """Few rows with a small gap are not told from none."""
    rows = [Row(request=parse_request("a"), weak=float(i % 2), strong=float(i % 2 == 0 or i == 1)) for i in range(40)]

    assert evaluate_as_is(rows, by_lot, use="prompt").verdicts()[0] == "too few rows to say how sure this is"


def test_programs_read_the_same_keys_each_time() -> None:
    """JSON has every key, with null where something is unknown."""
    evaluation = evaluate_as_is(labelled(200), hardness, use="prompt")

    record = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))

    assert record.keys() == FIGURES | {
        "exact", "ece", "auc", "n_train", "n_test", "baselines", "protocol", "use", "seeds",
    }  # fmt: skip
    assert record["exact"].keys() == {*FIGURES, "ci95"}
    assert record["baselines"].keys() == {"random", "length", "category", "oracle"}
    assert record["baselines"]["random"] == {"apgr": 0.5, "cpt50": 50.0, "cpt80": 80.0}
    assert record["baselines"]["category"] is None
    assert record["baselines"]["oracle"].keys() == FIGURES


def test_categories_make_a_baseline_and_never_a_feature() -> None:
    """The table of true categories is shown beside the router; renaming them changes nothing of the router."""
    rows, plain = labelled(300, categories=True), labelled(300)

    named, unnamed = (evaluate_folds(each, Tables(), number=5, use="prompt") for each in (rows, plain))

    assert named.baselines["category"] is not None
    assert (named.baselines["category"].apgr or 0) > 0.6
    assert named.exact == unnamed.exact


@pytest.mark.parametrize("train_size", [191, 200, 300])
def test_too_few_rows_to_test_on_are_refused(train_size: int) -> None:
    """A figure over a handful of rows is none."""
    with pytest.raises(RowsError, match="rows are left to test on; at least 10 are needed"):
        evaluate_split(labelled(200), Tables(), train_size=train_size, seeds=(0,), use="prompt")


def test_answers_are_read_where_every_row_has_them() -> None:
    """Unset, all that the rows have is used; the prompt alone can always be asked for."""
    with_answers, without = labelled(5, answers=True), labelled(5)

    assert use_of(with_answers, None) == "all"
    assert use_of(without, None) == "prompt"
    assert use_of([*with_answers, *without], None) == "prompt"
    assert use_of(with_answers, "prompt") == "prompt"
    assert use_of(with_answers, "answers") == "answers"
    with pytest.raises(RowsError, match="5 of 10 rows have no `answers`"):
        use_of([*with_answers, *without], "all")


class Reader(HTMLParser):
    """Reads a page: its tags, and whether each is closed."""

    VOID = frozenset({"meta", "line", "circle", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate_split(labelled(300, categories=True), Tables(), train_size=100, seeds=range(2), use="prompt")


def test_the_page_needs_nothing_but_itself(evaluation: Evaluation) -> None:
    """It can be mailed and opened anywhere: no script, no link, no font, no image from elsewhere."""
    text = page(evaluation, title="rows.jsonl")

    reader = read(text)

    assert not {"script", "link", "img", "iframe", "object"} & set(reader.tags)
    assert not {"src", "href", "onclick", "onload"} & {name for name, _ in reader.attributes}
    assert not re.search(r"https?:|url\(|@import", text)


def test_the_page_can_be_read_without_seeing_it(evaluation: Evaluation) -> None:
    """Each drawing has a title and a description that are tied to it, and a table says the same in figures."""
    reader = read(page(evaluation, title="rows.jsonl"))

    ids = {value for name, value in reader.attributes if name == "id"}
    labels = [value.split() for name, value in reader.attributes if name == "aria-labelledby" and value]
    assert len(labels) == reader.tags.count("svg") == reader.tags.count("table") == 2
    assert all(set(label) <= ids for label in labels)
    assert ("lang", "en") in reader.attributes
    assert reader.tags.count("h1") == 1


def test_the_page_draws_every_curve_that_is_known(evaluation: Evaluation) -> None:
    """Ours, length, categories, oracle and chance, each with a line and a name."""
    text = page(evaluation, title="rows.jsonl")

    assert text.count("<polyline") == 10
    assert "nan" not in text.lower()
    assert "means of 2 seeds" in text


def test_the_title_of_the_page_cannot_bring_a_script() -> None:
    """A file may have any name."""
    text = page(evaluate_as_is(labelled(100), hardness, use="prompt"), title="<script>alert(1)</script>")

    assert "<script>" not in text
    assert "seed 0" in text


def test_a_page_without_a_gap_says_unknown() -> None:
    """What is not known is neither 0 nor missing."""
    rows = [Row(request=parse_request("a"), weak=1.0, strong=1.0)] * 40

    text = page(evaluate_as_is(rows, by_lot, use="prompt"), title="rows")

    assert "<td>unknown</td>" in text
    read(text)
