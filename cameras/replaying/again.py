"""Candidates of one site judged again, in the order in which they were judged. Imports no Django, reads no clock.

What came from outside is taken as it was stored with each of them. What earlier verdicts left behind (cool-downs, runaways)
is made anew, beginning with nothing: a policy that raises less also cools down less.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from cameras.context.facts import Context, Facts
from cameras.context.fold import Fold
from cameras.context.judge import judge
from cameras.context.policy import Policy, unreadable
from cameras.context.verdict import Verdict

log = logging.getLogger(__name__)

# As it is stored: id, ordinal, decision, priority, facts and context as JSON text, id of the version, seconds stayed in the end.
Row = tuple[str, int, str, int, str, str, str | None, float | None]
Again = tuple[Row, Facts, Context, Verdict]


def again(
    rows: Iterable[Row], policy_of: Callable[[Row], Policy], *, of_record: Callable[[Row], Policy] | None = None
) -> Iterator[Again]:
    """Each row with the verdict that `policy_of(row)` gives it. `rows`: of one site, by ordinal.

    Who left before a limit was reached was judged by how long they had stayed by then. Where the limit is another one than
    it was (`of_record`: the version that a row was judged by), the time they stayed in the end counts, and only there: else
    nothing changed, and neither does the verdict. Raises what the policy's reading raises.
    """
    fold, decode = Fold(), json.loads
    for row in rows:
        facts = Facts.from_json(decode(row[4]))
        context = Context.from_text(row[5])
        policy = policy_of(row)
        verdict = judged(facts, context, policy, fold)
        stayed_s = row[7]
        if stayed_s is not None and stayed_s > facts.dwell_s and verdict.decision != "raise" and of_record is not None:
            record = of_record(row)
            limit = limit_in(verdict) if record is not policy else None
            if limit is not None and limit != limit_in(judged(facts, context, record, fold)):
                facts = replace(facts, dwell_s=stayed_s)
                verdict = judged(facts, context, policy, fold)
        try:
            fold = fold.after(facts, context, verdict, row[1])
        except Exception:  # as when it was judged: the fold stays as it was
            log.exception("what verdict %s of %s leaves behind cannot be told", row[1], facts)
        yield row, facts, context, verdict


def judged(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Verdict:
    """As candidates are judged when they come: what a policy cannot judge is raised, and told as an error."""
    try:
        return judge(facts, context, policy, fold)
    except Exception:
        log.exception("policy %s cannot judge %s: it is raised", policy.version, facts)
        return judge(facts, context, unreadable(policy.version), fold)


def limit_in(verdict: Verdict) -> float | None:
    """The dwell limit, in seconds, that a verdict was made by; None where dwell was no matter."""
    for reason in verdict.reasons:
        if reason.code in ("dwell", "short_stay"):
            return float(reason.params["limit"])
    return None
