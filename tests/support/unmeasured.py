"""The environment of programs whose coverage nobody needs: they prove something beside the code that they run."""

import os


def unmeasured(**more: str) -> dict[str, str]:
    """Return this environment and `more`, without what makes a program measure itself.

    To measure takes half as long again, and a program that is killed, or may not write, leaves half a file of coverage.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")} | more
