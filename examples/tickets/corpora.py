"""Real sentences to train on, by label, where the reader has the data sets.

They are read from the folder that `GATEWAY_BENCH_DATA` names and are never copied here. What is absent is skipped,
with a line that says so. Intents of which we cannot say for sure what our label would be are left out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_ROOT = Path(__file__).parents[3] / "shared" / "data"

_BANKING77 = {
    "billing": (
        "card_payment_fee_charged direct_debit_payment_not_recognised cash_withdrawal_charge transaction_charged_twice "
        "transfer_fee_charged card_payment_not_recognised extra_charge_on_statement exchange_charge "
        "top_up_by_card_charge top_up_by_bank_transfer_charge declined_card_payment"
    ),
    "refund": "request_refund Refund_not_showing_up",
    "delivery": "card_arrival card_delivery_estimate",
    "login": "passcode_forgotten",
    "other": "exchange_rate atm_support age_limit getting_spare_card fiat_currency_support",
}
_CLINC150 = {
    "billing": "card_declined",
    "delivery": "order_status lost_luggage replacement_card_duration",
    "cancellation": "cancel_reservation",
    "other": (
        "oos translate timer definition meaning_of_life find_phone pto_request improve_credit_score fun_fact time "
        "flip_coin where_are_you_from shopping_list_update what_can_i_ask_you maybe oil_change_how "
        "restaurant_reservation distance user_name timezone next_song restaurant_suggestion who_made_you mpg "
        "travel_suggestion todo_list_update reminder tire_pressure no yes nutrition_info calendar uber calculator "
        "date carry_on schedule_maintenance thank_you roll_dice food_last cook_time reminder_update "
        "ingredient_substitution make_call alarm todo_list w2 calories restaurant_reviews do_you_have_pets "
        "schedule_meeting gas_type plug_type tire_change next_holiday change_volume who_do_you_work_for how_busy "
        "accept_reservations goodbye what_song meeting_schedule ingredients_list measurement_conversion smart_home "
        "book_hotel current_location weather taxes whisper_mode vaccines pto_balance directions spelling greeting "
        "what_is_your_name what_are_your_hobbies book_flight shopping_list text share_location play_music "
        "are_you_a_bot gas update_playlist tell_joke change_ai_name how_old_are_you car_rental jump_start "
        "meal_suggestion recipe traffic last_maintenance change_accent international_visa exchange_rate flight_status"
    ),
}
_LONGEST = 400


def read(root: Path | None = None) -> dict[str, list[str]]:
    """Read the real sentences by label; an empty mapping where there are none."""
    folder = root or Path(os.environ.get("GATEWAY_BENCH_DATA", DEFAULT_ROOT))
    found: dict[str, list[str]] = {}
    for name, rows in _SOURCES.items():
        path = folder / name / "data.parquet"
        if not path.is_file():
            print(f"skipped: {name} is not under {folder} (set GATEWAY_BENCH_DATA)", file=sys.stderr)
            continue
        for label, text in rows(path):
            found.setdefault(label, []).append(text)
    return found


def _intents(path: Path, labels: dict[str, str]) -> Iterator[tuple[str, str]]:
    of_intent = {intent: label for label, intents in labels.items() for intent in intents.split()}
    for row in _table(path, ["prompt", "label"]):
        if row["label"] in of_intent:
            yield of_intent[row["label"]], _clean(row["prompt"])


def _exam_questions(path: Path) -> Iterator[tuple[str, str]]:
    """MMLU-Pro without the rows that are MMLU test questions: those belong to somebody's test."""
    for row in _table(path, ["question", "src"]):
        if not row["src"].startswith("ori_mmlu"):
            yield "other", _clean(row["question"])


def _mathematics(path: Path) -> Iterator[tuple[str, str]]:
    for row in _table(path, ["prompt"]):
        yield "other", _clean(row["prompt"])


def _table(path: Path, columns: list[str]) -> list[dict[str, str]]:
    from pyarrow import parquet  # noqa: PLC0415  # optional: training works without the data sets

    return parquet.read_table(path, columns=columns).to_pylist()


def _clean(text: str) -> str:
    return " ".join(text.lower().split())[:_LONGEST]


_SOURCES = {
    "prompts/banking77": lambda path: _intents(path, _BANKING77),
    "prompts/clinc150": lambda path: _intents(path, _CLINC150),
    "routing/mmlu_pro": _exam_questions,
    "routing/zeroeval_math_l5": _mathematics,
}
