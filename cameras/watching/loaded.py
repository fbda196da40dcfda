"""What a watch process has loaded when it begins to watch stays: Python's collector need not walk through it every time."""

from __future__ import annotations

import gc


def keep_what_is_loaded() -> None:
    """Call it once, when everything is there and the first camera is not. A twelfth of a busy process's time went into
    looking whether Django is garbage.
    """
    gc.collect()
    gc.freeze()
