"""A loudspeaker at the site through the camera's own connection (ONVIF backchannel)."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
from django.utils.translation import gettext as _

from cameras.vision import backchannel
from cameras.vision.address import PinnedAddress
from responses.ports import DeliveryError, Heard, Unclear

CHUNK = 800  # samples: a tenth of a second


class Backchannel:
    """Proves that the camera took the sound, not that anybody heard it: `heard_at` stays empty."""

    def talk(self, address: PinnedAddress, pcm: bytes, *, on_sound: Callable[[datetime], None]) -> Heard:
        samples = np.frombuffer(pcm, dtype="<i2")
        chunks = [samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK)]
        try:
            receipt = backchannel.talk(address, chunks, on_handed_over=on_sound)
        except backchannel.TalkError as error:
            if error.packets:
                raise Unclear(error.message) from error
            raise DeliveryError(error.message, permanent=error.permanent) from error
        if receipt.handed_over_at is None:
            raise DeliveryError(_("The camera did not take the message."), permanent=False)
        if receipt.refused:
            raise Unclear(_("the camera ended it after %(seconds)s s") % {"seconds": f"{receipt.seconds:.1f}"})
        return Heard(receipt.handed_over_at, receipt.seconds, receipt.packets)
