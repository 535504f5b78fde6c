"""A threshold with its evidence, as a file beside the model; it holds for that model alone."""

from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from gateway.errors import ConfigurationError
from gateway.training.files import replacing

VERSION: Final = 1
SUFFIX = ".threshold.json"
_MOST_BYTES = 1_000_000


class Calibration(BaseModel):
    """A threshold, how it was chosen, and on what evidence. Shares, losses and qualities are 0 to 1.

    Requests of a difficulty of at least `threshold` go to the strong model. `target` is the mean loss that is promised,
    for requests like the rows, with a chance of `confidence`; of `kind: budget` it is the share of strong calls.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    version: Literal[1] = VERSION
    kind: Literal["max_loss", "budget"]
    target: float = Field(ge=0, le=1)
    confidence: float = Field(gt=0, lt=1)
    threshold: float = Field(ge=0, le=1)
    kept: float = Field(ge=0, le=1)
    loss: float = Field(ge=0, le=1)
    upper: float = Field(ge=0, le=1)
    quality: float = Field(ge=0, le=1)
    weak_quality: float = Field(ge=0, le=1)
    strong_quality: float = Field(ge=0, le=1)
    rows: int = Field(ge=1)
    use: Literal["prompt", "answers", "all"]
    model_sha256: str
    rows_sha256: str
    created: AwareDatetime
    # What the judge `learned` must ask for where answers are read; None where the prompt alone is.
    accept_at_least: float | None = Field(default=None, ge=0, le=1)


def default_path(model: Path) -> Path:
    """Return where the threshold of a model stands."""
    return model.with_name(model.name + SUFFIX)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write the file whole or not at all; raises `ConfigurationError`."""
    with replacing(path) as fresh:
        fresh.write_text(calibration.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_calibration(path: Path, *, model_sha256: str) -> Calibration:
    """Return the threshold of a model; raises `ConfigurationError` where it is of another model or version."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES)
        calibration = Calibration.model_validate_json(raw)
    except OSError as error:
        raise ConfigurationError(f"cannot read the threshold {str(path)!r}: {error.strerror}") from error
    except ValidationError as error:
        where = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})) or "JSON"
        fault = f"{str(path)!r} is no threshold of version {VERSION}: {where}"
        raise ConfigurationError(f"{fault}; calibrate again") from None
    if calibration.model_sha256 != model_sha256:
        raise ConfigurationError(f"the threshold {str(path)!r} was made for another model; calibrate again")
    return calibration
