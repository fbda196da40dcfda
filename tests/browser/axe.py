"""What the rules of accessibility say of a page as it stands: WCAG 2.2, levels A and AA, by axe-core, in both themes."""

from __future__ import annotations

from functools import cache
from typing import Any

from playwright.sync_api import Page

from soc.ops import npm

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# Only what is wrong counts: what a rule cannot decide (words over a picture) is for eyes. What moves is brought to its end
# first, or colours halfway would be measured; only colours differ between the themes. Forced colours are the reader's own, and
# what lies under the bar at a phone's foot comes out when it is scrolled.
ASK = """async (tags) => {
  const forced = matchMedia("(forced-colors: active)").matches, rules = { "color-contrast": { enabled: !forced } };
  const root = document.documentElement, worn = root.dataset.theme, found = [];
  const ask = async (theme, only) => {
    root.dataset.theme = theme;
    for (const moving of document.getAnimations()) {
      if (moving.effect?.getComputedTiming().endTime < Infinity) moving.finish();
    }
    const { violations } = await axe.run(document, { runOnly: only, resultTypes: ["violations"], rules });
    for (const { id, nodes } of violations) {
      for (const { target, failureSummary: said } of nodes) {
        const under = id === "target-size" && said.includes("partially obscured");
        if (!under) found.push({ theme, id, target: target.join(" "), said });
      }
    }
  };
  await ask(worn ?? "dark", { type: "tag", values: tags });
  if (!forced) await ask(worn === "light" ? "dark" : "light", { type: "rule", values: ["color-contrast"] });
  if (worn) root.dataset.theme = worn; else delete root.dataset.theme;
  return found;
}"""


@cache
def rules() -> str:
    return (npm.package("axe-core") / "axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """One line for each element that breaks a rule: the theme, the rule, where it is, why. Empty when all is well."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(rules())
    found: list[dict[str, Any]] = page.evaluate(ASK, TAGS)
    return [f"{one['theme']} {one['id']} {one['target']}: {' '.join(one['said'].split())}" for one in found]
