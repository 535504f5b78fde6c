"""What is read beside a policy for the licence rules: its attestations, and the licence texts of its models."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.licences.records import NONE, Records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.licences.identify import Identified


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """`texts` are what the files of `origin.text` are, by backend; `folder` is where the policy's file stands."""

    folder: Path = Path()
    records: Records = NONE
    texts: "Mapping[str, Identified]" = field(default_factory=dict)


NO_PAPERS = Papers()
