"""tf2onnx's command line on today's numpy: its release 1.17 calls two names that numpy 2 no longer has."""

from __future__ import annotations

import runpy
import sys

import numpy as np

for name, replacement in (("product", np.prod), ("cast", {})):
    if not hasattr(np, name):
        setattr(np, name, replacement)
sys.argv[0] = "tf2onnx.convert"
runpy.run_module("tf2onnx.convert", run_name="__main__")
