"""Write the trained network as one GGUF file: quantised, with its chat template and its temperature inside.

The temperature is the one that makes the held-out tickets most likely. Since the embeddings are tied, dividing the
last norm by it divides every score, so that the served log-probabilities are the calibrated ones.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import gguf
import numpy as np
import torch
from generate import Generator
from model import Llama, Shape
from phrases import LABELS
from phrases import load as load_phrases
from torch import Tensor
from vocabulary import ASK, SPECIAL, STOP, TEMPLATE, Codec, load

DEV = Path(__file__).parent / "dev.jsonl"
NAME = "ticket-specialist"
_NORMAL, _CONTROL = int(gguf.TokenType.NORMAL), int(gguf.TokenType.CONTROL)


def main() -> None:
    """Export one training result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--out", type=Path, default=Path(f"{NAME}.gguf"))
    parser.add_argument("--temperature", type=float, help="default: fitted on dev.jsonl")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, codec = read(options.build)
    temperature = options.temperature or fit_temperature(model, codec)
    with torch.no_grad():
        model.norm.weight /= temperature
    write(options.out, model, codec)
    print(f"temperature {temperature:.2f}, {options.out.stat().st_size / 1e6:.2f} MB")


def read(build: Path) -> tuple[Llama, Codec]:
    """Read what `train.py` wrote."""
    shape = Shape(**json.loads((build / "shape.json").read_text(encoding="utf-8")))
    model = Llama(shape)
    model.load_state_dict(torch.load(build / "weights.pt", weights_only=True))
    return model.eval(), load(build / "tokenizer.json", shape.context)


@torch.no_grad()
def label_scores(model: Llama, codec: Codec, text: str) -> Tensor:
    """Give the log-probability of each label, before the vocabulary's other tokens are left out."""
    states = model(torch.tensor([codec.prompt(text)]))
    return model.logits(states[0, -1]).log_softmax(-1)[codec.labels]


def fit_temperature(model: Llama, codec: Codec) -> float:
    """Choose the temperature under which the development set is most likely."""
    rows = [json.loads(line) for line in DEV.read_text(encoding="utf-8").splitlines()]
    scores = torch.stack([label_scores(model, codec, row["text"]) for row in rows])
    right = torch.tensor([LABELS.index(row["label"]) for row in rows])
    # The set was chosen by, so it flatters: it may soften the network's own confidence a lot, sharpen it a little.
    choices = np.arange(0.85, 2.51, 0.05)
    losses = [torch.nn.functional.cross_entropy(scores / float(t), right).item() for t in choices]
    return float(choices[int(np.argmin(losses))])


def write(path: Path, model: Llama, codec: Codec) -> None:
    """Write vocabulary, sizes and weights in the layout that llama.cpp reads."""
    writer = gguf.GGUFWriter(str(path), "llama")
    _write_facts(writer, model.shape)
    _write_vocabulary(writer, codec)
    for name, tensor in _tensors(model):
        _write_tensor(writer, name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_facts(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_name(NAME)
    writer.add_description("Names the topic of a support ticket with one token.")
    writer.add_license("apache-2.0")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(int(gguf.LlamaFileType.MOSTLY_Q8_0))
    writer.add_chat_template(TEMPLATE)


def _write_vocabulary(writer: gguf.GGUFWriter, codec: Codec) -> None:
    content = json.loads(codec.tokenizer.to_str())["model"]
    tokens = sorted(content["vocab"], key=content["vocab"].__getitem__)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in content["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([_CONTROL if token in SPECIAL else _NORMAL for token in tokens])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index(ASK))
    writer.add_eos_token_id(tokens.index(STOP))
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)


def _tensors(model: Llama) -> list[tuple[str, Tensor]]:
    shape = model.shape
    named = [("token_embd", model.embedding.weight), ("output_norm", model.norm.weight)]
    for at, block in enumerate(model.blocks):
        q, k, v = block.qkv.weight.chunk(3)
        gate, up = block.gate_up.weight.chunk(2)
        parts = {
            "attn_norm": block.attention_norm.weight,
            "attn_q": _permuted(q, shape.heads),
            "attn_k": _permuted(k, shape.heads),
            "attn_v": v,
            "attn_output": block.out.weight,
            "ffn_norm": block.forward_norm.weight,
            "ffn_gate": gate,
            "ffn_up": up,
            "ffn_down": block.down.weight,
        }
        named += [(f"blk.{at}.{name}", tensor) for name, tensor in parts.items()]
    return [(f"{name}.weight", tensor.detach()) for name, tensor in named]


def _permuted(weight: Tensor, heads: int) -> Tensor:
    """Pair the numbers that are rotated together: llama.cpp turns neighbours, we turn halves."""
    rows, columns = weight.shape
    return weight.view(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)


def _write_tensor(writer: gguf.GGUFWriter, name: str, tensor: Tensor) -> None:
    values = tensor.float().contiguous().numpy()
    if values.ndim == 1:
        writer.add_tensor(name, values)
        return
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


def sample_texts(count: int, seed: int = 99) -> list[str]:
    """Some generated texts, to compare the served model with the trained one."""
    generator, rng = Generator(phrases=load_phrases()), random.Random(seed)
    return [generator.example(rng).text for _ in range(count)]


if __name__ == "__main__":
    main()
