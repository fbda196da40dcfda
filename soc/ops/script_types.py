"""Whether the browser's scripts keep to the types that their JSDoc states; `tsconfig.json` says which and how strictly.

There is no build step: what is checked is what is served.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from soc.ops import npm
from soc.ops.paths import CHECKOUT


def complaints(root: Path = CHECKOUT) -> str:
    """What the type checker says of the scripts under `root`, which has a tsconfig.json; "" when all is well.

    Raises npm.NotInstalled where the checker cannot be had.
    """
    compiler = npm.package("typescript") / "bin" / "tsc"
    command = [str(npm.node()), str(compiler), "--project", str(root), "--pretty", "false"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def main() -> int:
    """Print what is wrong; 0 when nothing is."""
    try:
        found = complaints()
    except npm.NotInstalled as error:
        found = str(error)
    if found:
        print(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
