"""Words that no translator would see are found where a person would see them."""

from __future__ import annotations

import pytest

from soc.ops.untranslated import untranslated


@pytest.mark.parametrize(
    "clean",
    [
        '<p>{% translate "Claim" %}</p>',
        "<p>{% blocktranslate %}Claimed by {{ who }}{% endblocktranslate %}</p>",
        '<img alt="{% translate "Camera" %}" src="/a.png">',
        '{% if a > b and name == "word" %}<b>{{ name|default:"text" }}</b>{% endif %}',
        "<script>const word = 'text'</script><!-- a comment --><kbd>Enter</kbd>&nbsp;· 12:30",
        '<body class="{% block body_class %}console{% endblock %}">',
        "<b>Nightdesk</b> {# untranslated: the product's name #}",
    ],
)
def test_translated_markup_is_clean(clean):
    assert list(untranslated(clean)) == []


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<p>\nClaim it</p>", [(2, "Claim it")]),
        ('<button title="Claim">{{ x }}</button>', [(1, "Claim")]),
        ('<input placeholder="Search">', [(1, "Search")]),
        ('{% translate "ok" %}\n\nleft over {{ name }}', [(3, "left over")]),
    ],
)
def test_words_left_in_the_template_are_found(page, found):
    assert list(untranslated(page)) == found
