"""A page that leaves somebody out is caught, whatever it is that leaves them out, and in whichever theme."""

from __future__ import annotations

import pytest

from tests.browser.axe import violations

PAGE = """<!doctype html><html lang="en" data-theme="dark"><head><title>Night</title><style>
  :root {{ background: #101418; color: #f0f0f0 }} [data-theme=light] {{ background: #fff; color: #111 }}
  .faint {{ color: #55595d }} [data-theme=light] .faint {{ color: #333 }}
  .pale {{ color: #c0c0c0 }} .small {{ display: inline-block; width: 12px; height: 12px; padding: 0; border: 0 }}
</style></head><body><main><h1>Night</h1>{}</main></body></html>"""


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ('<p class="faint">Nobody can read this</p>', "dark color-contrast p: "),
        ('<p class="pale">Nor this by day</p>', "light color-contrast p: "),
        ('<button type="button"><svg viewBox="0 0 1 1"></svg></button>', "dark button-name button"),
        ('<input type="text">', "dark label input"),
        ('<img src="data:,">', "dark image-alt img"),
        ('<p role="list">One</p><div role="listitme">Two</div>', "dark aria-roles div"),
        ('<div role="checkbox" tabindex="0" aria-label="On"></div>', "dark aria-required-attr div"),
        (
            '<button class="small" aria-label="A"></button><button class="small" aria-label="B"></button>',
            "dark target-size",
        ),
        ("<p>Somebody can read this</p>", ""),
    ],
)
def test_what_leaves_somebody_out_is_named(bare_page, part, found):
    bare_page.set_content(PAGE.format(part))
    said = violations(bare_page)
    assert [line for line in said if line.startswith(found)] if found else said == []


@pytest.fixture(scope="module")
def bare_page(chrome):
    context = chrome.new_context(viewport={"width": 600, "height": 400})
    yield context.new_page()
    context.close()
