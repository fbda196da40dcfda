from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """An act that cannot be done now. `code` is stable; the message says what to do instead."""

    def __init__(self, code: str, message: object) -> None:
        super().__init__(str(message))
        self.code, self.message = code, message


class Stale(Refused):
    """The page acted on an incident that has moved on: somebody else owns it, or it is another claim of the same person."""

    def __init__(self, owner: str) -> None:
        message: object
        if owner:
            message = _("%(owner)s has this incident now. Nothing was changed.") % {"owner": owner}
        else:
            message = _("You no longer hold this incident. Claim it again; nothing was changed.")
        super().__init__("stale", message)
