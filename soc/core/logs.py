"""What never gets into a log: the links that open a page without a log-in."""

import logging
import re

# An address that lets its bearer in. Django logs the path of every answer of 400 and above.
_LINK = re.compile(r"/r/[A-Za-z0-9_-]{20,}")


class WithoutLinks(logging.Formatter):
    """Formats as its base does, then blanks the links in all of it: message, arguments and traceback alike."""

    def format(self, record: logging.LogRecord) -> str:
        return _LINK.sub("/r/…", super().format(record))
