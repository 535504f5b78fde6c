"""`python -m gateway` is the `gateway` command."""

from gateway.cli.main import run

if __name__ == "__main__":
    run()
