"""Real ONNX files of a few hundred bytes: recognisers that read lines of coloured bars.

A bar of 16 pixels is a character, blue an a, green a b, red a c, with as much white after it. The
files are written in protobuf's wire format by hand, after onnx.proto3 (opset 11).
"""

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COLOURS = {"a": (255, 0, 0), "b": (0, 255, 0), "c": (0, 0, 255)}  # BGR
ALPHABET = "abc"
BAR, HEIGHT = 16, 48
STEP = 8  # pixels of a network's step
FLOAT, INT_ATTRIBUTE, INTS_ATTRIBUTE = 1, 2, 7
SHARPNESS = 8.0


def drawn_bars(text: str) -> NDArray[np.uint8]:
    """The picture of a line of text, (HEIGHT, width, 3), BGR."""
    picture = np.full((HEIGHT, 2 * BAR * max(1, len(text)), 3), 255, np.uint8)
    for place, character in enumerate(text):
        picture[:, 2 * place * BAR : (2 * place + 1) * BAR] = COLOURS[character]
    return picture


def write_recognizer(
    path: Path,
    confused: dict[str, str] | None = None,
    alphabet: str = ALPHABET,
    weight: float = SHARPNESS,
    characters: str | None = None,
    sharpness: float = SHARPNESS,
) -> Path:
    """Writes a recogniser that reads what ``confused`` names as something else, and nothing else.

    ``alphabet`` are its characters in the order of its classes; ``characters`` stand in its
    metadata, where those are others. ``weight`` stands in place of one of its numbers.
    """
    colours = {name: np.array(bgr) / 127.5 - 1 for name, bgr in COLOURS.items()}
    weights = np.zeros((3, len(alphabet) + 2), np.float32)
    for character in ALPHABET:
        column = alphabet.index((confused or {}).get(character, character)) + 1
        weights[:, column] += sharpness * colours[character]
    weights[0, 1] += weight - SHARPNESS
    bias = np.zeros(len(alphabet) + 2, np.float32)
    bias[0] = sharpness / 2  # the blank, which is read in white and in grey
    bias[-1] = -100.0  # the space, which is not read
    text = alphabet if characters is None else characters
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_model(weights, bias, "\n".join(text)))
    return path


def _model(weights: NDArray[np.float32], bias: NDArray[np.float32], characters: str) -> bytes:
    nodes = [
        _node("AveragePool", ["x"], "pooled", kernel_shape=[HEIGHT, STEP], strides=[HEIGHT, STEP]),
        _node("Squeeze", ["pooled"], "squeezed", axes=[2]),
        _node("Transpose", ["squeezed"], "steps", perm=[0, 2, 1]),
        _node("MatMul", ["steps", "weights"], "product"),
        _node("Add", ["product", "bias"], "logits"),
        _node("Softmax", ["logits"], "probabilities", axis=2),
    ]
    graph = b"".join(
        [
            *(_sub(1, node) for node in nodes),
            _text(2, "bars"),
            _sub(5, _tensor("weights", weights)),
            _sub(5, _tensor("bias", bias)),
            _sub(11, _value("x", ["n", 3, HEIGHT, "w"])),
            _sub(12, _value("probabilities", ["n", "t", weights.shape[1]])),
        ]
    )
    metadata = _text(1, "character") + _text(2, characters)
    opset = _number(2, 11)
    return _number(1, 6) + _sub(7, graph) + _sub(8, opset) + _sub(14, metadata)


def _node(kind: str, inputs: Iterable[str], output: str, **attributes: int | list[int]) -> bytes:
    told = [_sub(5, _attribute(name, value)) for name, value in attributes.items()]
    return b"".join([*(_text(1, name) for name in inputs), _text(2, output), _text(4, kind), *told])


def _attribute(name: str, value: int | list[int]) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, INT_ATTRIBUTE)
    numbers = b"".join(_number(8, each) for each in value)
    return _text(1, name) + numbers + _number(20, INTS_ATTRIBUTE)


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    dims = b"".join(_number(1, size) for size in values.shape)
    raw = struct.pack(f"<{values.size}f", *values.reshape(-1).tolist())
    return dims + _number(2, FLOAT) + _text(8, name) + _sub(9, raw)


def _value(name: str, shape: list[int | str]) -> bytes:
    dims = b"".join(
        _sub(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in shape
    )
    return _text(1, name) + _sub(2, _sub(1, _number(1, FLOAT) + _sub(2, dims)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _sub(field, value.encode())


def _sub(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
