"""Invoices are read strictly, and a model is found however its provider writes it."""

import io
from datetime import date
from fractions import Fraction

import pytest

from gateway.errors import RowsError
from gateway.exports.invoices import Invoice, Source, model_key, read_invoice
from gateway.times import Month

OPENAI = """\
start_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
1793836800,2026-11-05T00:00:00+00:00,2026-11-06T00:00:00+00:00,0.8958740000000000,usd,"gpt-5-mini-2025-08-07, input",
1793836800,2026-11-05T00:00:00+00:00,2026-11-06T00:00:00+00:00,8.5e-06,usd,"gpt-5-mini-2025-08-07, output",p
1793923200,2026-11-06T00:00:00+00:00,2026-11-07T00:00:00+00:00,,,,
1796428800,2026-12-05T00:00:00+00:00,2026-12-06T00:00:00+00:00,1,usd,"gpt-5-mini-2025-08-07, input",p
"""
ANTHROPIC = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type
2026-11-04,Claude Haiku 4.5,Default,key,message,≤ 200k,input_no_cache,0.05,token
2026-11-04,Claude Haiku 4.5,Default,key,message,≤ 200k,output,0.02,token
"""
GENERIC = "date,model,amount_usd,line_item\n2026-11-04,some-model,12.34,all\n\n2026-11-05,some-model,-1,refund\n"


def read(text: str | bytes, source: Source = "generic") -> Invoice:
    raw = text.encode() if isinstance(text, str) else text
    return read_invoice(io.BytesIO(raw), source, Month(2026, 11), name="costs.csv")


def test_openais_export_is_read() -> None:
    """A day without charges is none, an exponent is a number, and another month is left out and counted."""
    invoice = read(OPENAI, "openai")

    assert [(line.number, line.day, line.model, line.usd) for line in invoice.lines] == [
        (2, date(2026, 11, 5), "gpt-5-mini-2025-08-07", Fraction("0.895874")),
        (3, date(2026, 11, 5), "gpt-5-mini-2025-08-07", Fraction("0.0000085")),
    ]
    assert (invoice.elsewhere, invoice.by_model) == (1, True)


def test_openais_export_without_line_items_goes_into_days_alone() -> None:
    """And seconds since 1970 are a day, too."""
    invoice = read("start_time,amount_value,amount_currency\n1793836800,1.5,USD\n", "openai")

    assert [(line.day, line.model) for line in invoice.lines] == [(date(2026, 11, 5), None)]
    assert not invoice.by_model


def test_anthropics_report_is_read() -> None:
    """A line each kind of token."""
    invoice = read(ANTHROPIC, "anthropic")

    assert [(line.model, line.usd) for line in invoice.lines] == [
        ("Claude Haiku 4.5", Fraction("0.05")),
        ("Claude Haiku 4.5", Fraction("0.02")),
    ]


def test_any_other_invoice_has_three_columns() -> None:
    """Refunds are negative; an empty line is none."""
    invoice = read("\ufeff" + GENERIC)

    assert [line.usd for line in invoice.lines] == [Fraction("12.34"), -1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "costs.csv:1: no column date, amount_usd, model; is it the file that --from says?"),
        ("date,amount_usd\n", "costs.csv:1: no column model; is it the file that --from says?"),
        ("date,model,amount_usd\n2026-11-04,m\n", "costs.csv:2: 2 cells, not 3"),
        (
            "date,model,amount_usd\nNovember,m,1\n",
            "costs.csv:2: date 'November' is no day; write for instance 2026-11-23",
        ),
        (
            "date,model,amount_usd\n0001-01-01T00:00:00+14:00,m,1\n",
            "costs.csv:2: date '0001-01-01T00:00:00+14:00' is no",
        ),
        ("date,model,amount_usd\n2026-11-04,m,$1\n", "costs.csv:2: amount_usd '$1' is no amount in USD"),
        ("date,model,amount_usd\n2026-11-04,m,\n", "costs.csv:2: amount_usd '' is no amount in USD"),
        ("date,model,amount_usd\n2026-11-04,m,1e400\n", "costs.csv:2: amount_usd '1e400' is no amount"),
        ('date,model,amount_usd\n2026-11-04,"two\nlines",nan\n', "costs.csv:3: amount_usd 'nan' is no amount"),
        (b"date,model,amount_usd\n\xff\n", "costs.csv: no CSV in UTF-8"),
    ],
)
def test_a_line_that_is_not_understood_refuses_the_file(text: str | bytes, said: str) -> None:
    """With its place and a remedy."""
    with pytest.raises(RowsError) as caught:
        read(text)

    assert said in str(caught.value)


def test_another_currency_is_refused() -> None:
    """The books are in USD, and nothing here knows rates."""
    with pytest.raises(RowsError, match="amount_currency 'eur' is not usd"):
        read("start_time,amount_value,amount_currency,line_item\n1793836800,1,eur,m\n", "openai")


def test_of_many_faults_the_first_are_told() -> None:
    """And how many more there are."""
    with pytest.raises(RowsError) as caught:
        read("date,model,amount_usd\n" + "x,m,1\n" * 30)

    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == "costs.csv: 10 more faults"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("openai/gpt-5-mini", "gpt-5-mini-2025-08-07"),
        ("anthropic/claude-haiku-4-5-20251001", "Claude Haiku 4.5"),
        ("claude-3-5-sonnet-latest", "Claude Sonnet 3.5"),
        ("bedrock/eu.anthropic.claude-x", "eu.anthropic.claude-x"),
    ],
)
def test_one_model_has_one_key(one: str, other: str) -> None:
    """However it is written."""
    assert model_key(one) == model_key(other)


@pytest.mark.parametrize(("one", "other"), [("gpt-4.5", "gpt-5.4"), ("gpt-5", "gpt-5-mini"), ("gpt-4o", "gpt-4")])
def test_two_models_have_two_keys(one: str, other: str) -> None:
    """Numbers keep their order, and words count."""
    assert model_key(one) != model_key(other)
