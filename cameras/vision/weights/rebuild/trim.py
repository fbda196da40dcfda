"""trim.py IN.onnx OUT.onnx NUMBER…: cut from an EfficientDet what nobody looks at. What is left computes the same values.

1. Of the class heads only the columns of the named classes stay (numbers as in COCO, in the order given).
2. The picture's normalisation has one constant for each colour; where the three are alike, one number for all: ONNX Runtime
   does that many times faster.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx  # type: ignore[import-not-found]

CLASSES = 90


class Graph:
    """A model's graph with its makers and constants at hand."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.makers = {name: node for node in graph.node for name in node.output}
        self.stored = {one.name: one for one in graph.initializer}

    def value(self, name: str) -> Any:
        return onnx.numpy_helper.to_array(self.stored[name])

    def store(self, name: str, value: Any) -> None:
        self.stored[name].CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))

    def upstream(self, name: str, kind: str) -> Any:
        """The nearest node of a kind, along first inputs."""
        while self.makers[name].op_type != kind:
            name = self.makers[name].input[0]
        return self.makers[name]


def keep_classes(graph: Graph, columns: Sequence[int]) -> None:
    """Step 1."""
    heads = graph.upstream("scores", "Concat").input
    shapes: set[str] = set()
    for head in heads:
        shapes.add(graph.upstream(head, "Reshape").input[1])
        convolution = graph.upstream(head, "Conv")
        for operand in convolution.input[1:]:
            for name in graph.makers[operand].input:
                value = graph.value(name)
                if value.ndim:
                    anchors = len(value) // CLASSES
                    wanted = [anchor * CLASSES + column for anchor in range(anchors) for column in columns]
                    graph.store(name, value[wanted])
    for name in shapes:
        shape = graph.value(name).copy()
        graph.store(name, np.where(shape == CLASSES, len(columns), shape).astype(shape.dtype))
    output = next(one for one in graph.graph.output if one.name == "scores")
    output.type.tensor_type.shape.dim[2].dim_value = len(columns)
    del graph.graph.value_info[:]


def one_number_for_all_colours(graph: Graph) -> None:
    """Step 2."""
    for node in graph.graph.node:
        if node.op_type in ("Sub", "Mul"):
            for name in node.input:
                value = graph.value(name) if name in graph.stored else None
                if value is not None and value.size == 3 and len(set(value.ravel().tolist())) == 1:
                    graph.store(name, value.ravel()[0].reshape(()))


def main(source: Path, target: Path, numbers: Sequence[int]) -> None:
    model = onnx.load(str(source))
    graph = Graph(model.graph)
    keep_classes(graph, [number - 1 for number in numbers])
    one_number_for_all_colours(graph)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(number) for number in sys.argv[3:]])
