"""How an act of people on the sensing side is refused."""


class Refused(Exception):
    """It cannot be done as asked. `code` is stable, `field` names what to change, the message says how."""

    def __init__(self, code: str, message: object, *, field: str = "") -> None:
        super().__init__(str(message))
        self.code, self.message, self.field = code, message, field
