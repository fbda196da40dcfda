"""manage.py starts a database for the commands that ask one, and for no other."""

from __future__ import annotations

import pytest

import manage


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("migrate", True),
        ("shell", True),
        ("check --database default", True),
        ("check", False),
        ("makemessages -l de", False),
        ("help migrate", False),
        ("migrate --help", False),
        ("", False),
    ],
)
def test_only_commands_that_ask_a_database_get_one(line, needed):
    assert manage.needs_database(["manage.py", *line.split()]) is needed
