"""nanodet.py RAW.onnx OUT_DIR [CALIBRATION_DIR]: give the converted NanoDet names and, with pictures, make it 8 bits."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx  # type: ignore[import-not-found]
import onnxruntime
from finish import quantise  # type: ignore[import-not-found]
from onnxruntime.quantization import CalibrationDataReader

SIDE, CLASSES, PAD = 416, 80, 114
STRIDES = (8, 16, 32)
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
SPREAD = np.array([57.375, 57.12, 58.395], np.float32)
NAME = "nanodet_g_416"


def tidy(raw: Path, out: Path) -> None:
    """Call the input `images` and the outputs cls_8 … reg_32, in that order: the converter gave them numbers."""
    model = onnx.load(str(raw))
    graph = model.graph
    session = onnxruntime.InferenceSession(str(raw), providers=["CPUExecutionProvider"])
    strides = {(SIDE // stride) ** 2: stride for stride in STRIDES}
    names = {graph.input[0].name: "images"}
    for output in session.get_outputs():
        _, places, values = output.shape
        names[output.name] = f"{'cls' if values == CLASSES else 'reg'}_{strides[places]}"
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    del graph.value_info[:]
    kinds = sorted(graph.output, key=lambda value: (value.name[:3], int(value.name[4:])))
    outputs = [onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in kinds]
    del graph.output[:]
    graph.output.extend(outputs)
    onnx.checker.check_model(model)
    onnx.save(model, str(out))


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
            square = np.full((SIDE, SIDE, 3), PAD, np.float32)
            square[:height, :width] = cv2.resize(image, (width, height))
            yield {"images": ((square - MEAN) / SPREAD).transpose(2, 0, 1)[None]}


if __name__ == "__main__":
    raw, folder = Path(sys.argv[1]), Path(sys.argv[2])
    tidy(raw, folder / f"{NAME}.onnx")
    if len(sys.argv) > 3:
        quantise(folder / f"{NAME}.onnx", folder / f"{NAME}_int8.onnx", Calibration(Path(sys.argv[3])))
