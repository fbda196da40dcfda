"""The product with three guarantees taken out: deliveries nobody took are not run, blindness is no alarm.

Only the fault test uses it, as its proof that it would notice. The third weakness, a client that never asks for what it
missed, is the client's own (FeedClient(resync=False)).
"""

from soc.settings import *  # noqa: F403
from soc.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.fault.weakened_app"]
