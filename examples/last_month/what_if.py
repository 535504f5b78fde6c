"""What a month of requests cost, and what it would have cost with a small model first. The month is made up."""

import tempfile
from pathlib import Path

from gateway.cli.main import main

HERE = Path(__file__).parent


def run(*arguments: str) -> None:
    """Run `gateway` with these arguments."""
    print(f"$ gateway {' '.join(arguments)}", flush=True)
    if main(arguments):
        raise SystemExit(1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        books = ("--ledger", f"{folder}/ledger.sqlite3", "--policy", str(HERE / "today.yaml"))
        run("ledger", "import", "--from", "litellm", str(HERE / "spend.csv"), *books)
        # One in ten small answers is taken to be rejected: that is yours to measure, on a sample of your own.
        run("savings", "--what-if", str(HERE / "planned.yaml"), "--rejected", "10%", *books)
