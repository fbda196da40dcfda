"""Each person's own keys: one exchange of letters, kept by the server, refused in words."""

from __future__ import annotations

import pytest
from django.urls import reverse

from soc.console.keymap import commands
from soc.core.models import User


def test_as_shipped_nothing_is_exchanged_and_every_key_is_its_own(alice):
    assert commands.own_keys(alice) == {}
    assert commands.single_keys(alice)
    keys = [one.key for one in commands.COMMANDS]
    assert len(keys) == len(set(keys))


def test_a_letter_that_was_taken_goes_where_one_became_free(alice):
    commands.choose(alice, keys={"R": "x", "F": "F"}, single=True)
    assert User.objects.get(pk=alice.pk).console == {"keys": {"R": "X"}, "single_keys": True}
    assert commands.own_keys(alice) == {"R": "X", "X": "R"}
    commands.choose(alice, keys={"R": "F", "F": "Q", "Q": "R"}, single=True)
    assert commands.own_keys(alice) == {"R": "F", "F": "Q", "Q": "R"}


@pytest.mark.parametrize(
    "keys", [{"R": "F"}, {"R": "X", "F": "X"}, {"R": "7"}, {"R": "é"}, {"R": "AB"}, {"Enter": "X"}]
)
def test_what_cannot_be_a_key_is_refused_in_words_and_nothing_is_kept(client, alice, keys):
    client.force_login(alice)
    answer = client.post(reverse("console-keys"), {f"key.{key}": own for key, own in keys.items()})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert User.objects.get(pk=alice.pk).console == {}


def test_keys_are_kept_over_http_shown_in_the_console_and_given_back_as_shipped(client, alice):
    client.force_login(alice)
    assert client.post(reverse("console-keys"), {"key.R": "x"}).status_code == 302
    page = client.get(reverse("console")).text
    assert '"single": false' in page  # the box was not ticked
    assert '"own": {"R": "X", "X": "R"}' in page
    assert "<kbd>X</kbd>Real" in page
    client.post(reverse("console-keys"), {"shipped": "1"})
    alice.refresh_from_db()
    assert (commands.own_keys(alice), commands.single_keys(alice)) == ({}, True)


@pytest.mark.parametrize(
    "torn", [[], "x", {"keys": []}, {"keys": {"R": 7}}, {"keys": {"R": "X", "F": "X"}}, {"keys": {"R": ""}}]
)
def test_what_cannot_be_followed_changes_nothing(alice, torn):
    alice.console = torn
    assert commands.own_keys(alice) == {}
