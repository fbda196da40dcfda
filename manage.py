#!/usr/bin/env python3
"""Django's command line, with the machine's secrets and its embedded servers.

A command uses the running embedded servers, or starts PostgreSQL for its own duration. DATABASE_URL and
REDIS_URL in the environment are used instead, if set.
"""

from __future__ import annotations

import os
import sys

# These read code and files only. Everything else may ask the database.
NO_DATABASE = {
    "help",
    "version",
    "compilemessages",
    "detect",
    "makemessages",
    "collectstatic",
    "findstatic",
    "diffsettings",
    "spectacular",
    "states",
    "startapp",
    "startproject",
    "testserver",
}


def needs_database(argv: list[str]) -> bool:
    """Whether the command line may ask the database. `check` does only with --database."""
    command = argv[1] if len(argv) > 1 else "help"
    if {"-h", "--help", "--version"} & set(argv[1:]) or command in NO_DATABASE:
        return False
    return command != "check" or any(word.startswith("--database") for word in argv)


def main() -> None:
    from django.core.management import execute_from_command_line

    from soc.ops import secrets, servers

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
    secrets.load()
    names = ("postgres",) if needs_database(sys.argv) else ()
    with servers.for_this_command(names):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
