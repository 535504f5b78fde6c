"""Kinds for tests of policies: a few of each socket, with options of every shape, importing no part."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from gateway.errors import PolicyError, UnknownKindError
from gateway.policy.kinds import Socket
from gateway.policy.load import CheckedPolicy, check_text


class Options(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mock(Options):
    """A scripted backend."""

    name: str = "mock"
    model: str = "mock"
    answers: tuple[str, ...] = ()


class Tls(Options):
    """How a connection is proven."""

    certificate: str
    verify: bool = True


class Server(Options):
    """A server behind a URL."""

    name: str
    url: str
    model: str = Field(min_length=1)
    probe: bool = False
    networks: tuple[str, ...] = ()
    api_key: SecretStr | None = None
    api_version: str = "1"
    headers: dict[str, str] = Field(default_factory=dict)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    limit: int | None = Field(default=None, ge=1, le=100)
    output_limit: Literal["max_tokens", "max_completion_tokens"] | None = None
    stop: str | tuple[str, ...] = ()
    weight: Annotated[float, Field(gt=0)] = 1.0
    tls: Tls | None = None
    proofs: tuple[Annotated[Tls, Field(description="One of several.")], ...] = ()
    since: date | None = None

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} is no URL of a server; write for instance http://127.0.0.1:8080")
        return value


class LocalServer(Server):
    """A server with a usual port."""

    url: str = "http://127.0.0.1:8080"


class Embedded(Options):
    """A model in this process."""

    model: str
    path: str = Field(description="The model's file.")
    context_tokens: int = 2048


class Format(Options):
    """A judge of form."""

    one_of: tuple[str, ...] | None = None


class Confidence(Options):
    """A judge of probability."""

    at_least: float = Field(ge=0, le=1)


class Sqlite(Options):
    """Books in a file."""

    path: str


class Opinion(Options):
    """A judge that asks other backends."""

    backend: str | None = None
    backends: tuple[str, ...] = ()


KINDS: Mapping[Socket, Mapping[str, type[BaseModel]]] = {
    "backends": {
        "embedded": Embedded,
        "hosted": Mock,
        "llamacpp": LocalServer,
        "mock": Mock,
        "openai_http": Server,
        "vllm": LocalServer,
    },
    "classifiers": {"heuristic": Options},
    "detectors": {"patterns": Options, "secrets": Options},
    "exporters": {"prometheus": Options},
    "judges": {"confidence": Confidence, "format": Format, "opinion": Opinion},
    "ledgers": {"memory": Options, "sqlite": Sqlite},
}


def kinds_of(socket: Socket) -> tuple[str, ...]:
    """Return the kinds of a socket, and one that cannot be loaded."""
    return (*KINDS[socket], "absent")


def options_of(socket: Socket, kind: str) -> type[BaseModel]:
    """Return the options of a kind."""
    if kind == "absent":
        raise UnknownKindError("its package is not installed")
    return KINDS[socket][kind]


def checked(text: str, *, name: str = "p.yaml", **environ: str) -> CheckedPolicy:
    """Check a policy's text against these kinds."""
    return check_text(text, name=name, environ=environ, options_of=options_of, kinds_of=kinds_of)


def problems(text: str, *, name: str = "p.yaml", **environ: str) -> tuple[str, ...]:
    """Return what is wrong with a policy's text, nothing where it holds."""
    try:
        checked(text, name=name, **environ)
    except PolicyError as error:
        return error.problems
    return ()
