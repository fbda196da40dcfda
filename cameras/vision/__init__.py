"""From a camera's packets to sightings: plain Python, numpy, OpenCV, PyAV and ONNX Runtime.

No Django in here, and nothing of the line. Every stage takes and gives frozen dataclasses from `types`.
"""

import os

# OpenCV reads its limit from the environment, once: a picture file larger than 8K is a bomb, not a picture.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "33177600")
