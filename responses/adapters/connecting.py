"""Whether a request that broke can have reached anybody: what certainly has not may be made again."""

from requests.exceptions import ConnectionError as NoConnection
from urllib3.exceptions import NewConnectionError


def never_connected(error: NoConnection) -> bool:
    """Whether the connection was refused before a byte of the request was sent."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)
