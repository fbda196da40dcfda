"""From a camera's packets to sightings: plain Python, numpy, OpenCV, PyAV and ONNX Runtime.

No Django in here, and nothing of the line. Every stage takes and gives frozen dataclasses from `types`.
"""
