"""finish.py RAW.onnx OUT_DIR [CALIBRATION_DIR]: tidy the converted graph and, with pictures, make it 8 bits.

1. TensorFlow's upsampling factor 5/3 was stored as 1.6666666, which ONNX rounds to one pixel too few: a hair more.
2. TensorFlow pads its suppressed boxes to a hundred, ONNX does not: cut before suppression, give out boxes and scores.
3. Names, and a batch of exactly one.
4. Static quantisation of the convolutions. The heads share their weights between five scales, with another range of
   activations each: the quantiser needs them unshared.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx  # type: ignore[import-not-found]
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

SIDE, BOXES, CLASSES = 320, 19206, 90
NAME = "efficientdet_lite0_320"


def tidy(raw: Path, out: Path) -> None:
    """Steps 1 to 3."""
    model = onnx.load(str(raw))
    graph = model.graph
    _mend_upsampling(graph)
    _cut_before_suppression(graph)
    graph.input[0].type.tensor_type.shape.dim[0].Clear()
    graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    old = graph.input[0].name
    for node in graph.node:
        node.input[:] = ["images" if name == old else name for name in node.input]
    graph.input[0].name = "images"
    onnx.checker.check_model(model)
    onnx.save(model, str(out))


def _mend_upsampling(graph: Any) -> None:
    scales = {name for node in graph.node if node.op_type == "Resize" for name in node.input}
    for stored in graph.initializer:
        values = onnx.numpy_helper.to_array(stored)
        if stored.name in scales and values.dtype == np.float32 and values.size == 4:
            crooked = np.abs(values - np.round(values)) > 1e-3
            if crooked.any():
                mended = np.where(crooked, values * np.float32(1 + 2e-6), values).astype(np.float32)
                stored.CopyFrom(onnx.numpy_helper.from_array(mended, stored.name))


def _cut_before_suppression(graph: Any) -> None:
    makers = {name: node for node in graph.node for name in node.output}
    suppression = next(node for node in graph.node if node.op_type == "NonMaxSuppression")
    boxes = _joined_before(makers, suppression.input[0])
    scores = _joined_before(makers, suppression.input[1])
    needed, kept = {boxes, scores}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(name for name in node.input if name)
    kept.reverse()
    kept += [
        onnx.helper.make_node("Identity", [boxes], ["boxes"]),
        onnx.helper.make_node("Sigmoid", [scores], ["scores"]),
    ]
    stored = [one for one in graph.initializer if one.name in needed]
    del graph.node[:], graph.initializer[:], graph.value_info[:], graph.output[:]
    graph.node.extend(kept)
    graph.initializer.extend(stored)
    for name, last in (("boxes", 4), ("scores", CLASSES)):
        graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, BOXES, last]))


def _joined_before(makers: dict[str, Any], name: str) -> str:
    """The nearest concatenation of all scales upstream."""
    while makers[name].op_type != "Concat":
        name = makers[name].input[0]
    return name


def quantise(model: Path, out: Path, pictures: CalibrationDataReader) -> None:
    """Step 4."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(prepared)
        onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        _unshare_weights(prepared)
        quantize_static(
            str(prepared),
            str(out),
            pictures,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv"],
        )


def _unshare_weights(path: Path) -> None:
    model = onnx.load(str(path))
    graph = model.graph
    stored = {one.name: one for one in graph.initializer}
    uses = Counter(name for node in graph.node for name in node.input)
    for number, node in enumerate(graph.node):
        node.name = f"n{number}_{node.op_type}"
        for place in (1, 2) if node.op_type == "Conv" else ():
            if place < len(node.input) and node.input[place] in stored and uses[node.input[place]] > 1:
                copy = onnx.TensorProto()
                copy.CopyFrom(stored[node.input[place]])
                copy.name = f"{node.input[place]}__{number}"
                graph.initializer.append(copy)
                node.input[place] = copy.name
    used = {name for node in graph.node for name in node.input}
    kept = [one for one in graph.initializer if one.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.save(model, str(path))


class Calibration(CalibrationDataReader):
    """The pictures of a folder, as the network sees them."""

    def __init__(self, folder: Path) -> None:
        self._pictures = self._read(folder)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._pictures, None)

    def _read(self, folder: Path) -> Iterator[dict[str, Any]]:
        for path in sorted(folder.rglob("*")):
            image = cv2.imread(str(path)) if path.suffix.lower() in (".jpg", ".jpeg", ".png") else None
            if image is None:
                continue
            scale = SIDE / max(image.shape[:2])
            height, width = (round(side * scale) for side in image.shape[:2])
            square = np.zeros((1, SIDE, SIDE, 3), np.uint8)
            square[0, :height, :width] = cv2.cvtColor(cv2.resize(image, (width, height)), cv2.COLOR_BGR2RGB)
            yield {"images": square}


if __name__ == "__main__":
    raw, folder = Path(sys.argv[1]), Path(sys.argv[2])
    tidy(raw, folder / f"{NAME}.onnx")
    if len(sys.argv) > 3:
        quantise(folder / f"{NAME}.onnx", folder / f"{NAME}_int8.onnx", Calibration(Path(sys.argv[3])))
