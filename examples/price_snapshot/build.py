"""Builds the price list that ships: `make prices`. Reads genai-prices and litellm's map as installed, fetches nothing.

A price that moved by more than half is refused until its model is named by --confirm. What people decided about single
models stands in `gateway/money/sources/exceptions.py`, with its reasons.
"""

import argparse
from datetime import UTC, date, datetime, time
from pathlib import Path

from gateway.money import prices
from gateway.money.outlook import brief
from gateway.money.prices import PriceList
from gateway.money.snapshot import save
from gateway.money.sources.update import check_age, rebuilt, refused

PACKAGED = Path(prices.__file__).with_name("prices.json")


def main() -> None:
    """Build the list and write it into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--day", type=date.fromisoformat, default=datetime.now(UTC).date(), help="the day of the list")
    parser.add_argument("--litellm", type=Path, metavar="FILE", help="litellm's map; unset: the installed package's")
    parser.add_argument("--confirm", action="append", default=[], metavar="MODEL", help="take its large change over")
    asked = parser.parse_args()
    snapshot = rebuilt(asked.day, litellm=asked.litellm)
    check_age(prices.packaged(), snapshot)
    at = datetime.combine(asked.day, time(12), UTC)
    doubtful = list(refused(prices.load(), PriceList.of(snapshot), at, confirmed=asked.confirm))
    for change in doubtful:
        print(f"refused: {change.model} from {brief(change.old)} to {brief(change.new)}")
    if doubtful:
        raise SystemExit("nothing was written; look into these prices, then name each by --confirm")
    save(snapshot, PACKAGED)
    print(f"written: {PACKAGED.name}, {PACKAGED.stat().st_size:,} bytes, {len(snapshot.rows):,} models")


if __name__ == "__main__":
    main()
