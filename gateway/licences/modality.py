"""What a model takes: the word alone, so that a policy has it without the registry."""

from typing import Literal

Modality = Literal["text", "image", "audio", "video"]
