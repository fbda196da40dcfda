"""The product with a decoder that dies of one camera: POISONED_PATH names it. For the test of the quarantine only."""

from soc.settings import *  # noqa: F403
from soc.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.watching.poisoned_app"]
