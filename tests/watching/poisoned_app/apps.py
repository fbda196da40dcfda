import os
from typing import Any

from django.apps import AppConfig


class PoisonedConfig(AppConfig):
    name = "tests.watching.poisoned_app"

    def ready(self) -> None:
        from cameras.vision import decoding

        real = decoding.Decoder.decode

        def decode(self: Any, packet: Any, first_number: int, *rest: Any) -> Any:
            if first_number >= 5 and self._stream.container.name.endswith(os.environ["POISONED_PATH"]):
                os.abort()
            return real(self, packet, first_number, *rest)

        decoding.Decoder.decode = decode  # type: ignore[method-assign]
