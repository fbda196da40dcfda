"""What can be measured of the queue and the desks, by organisation."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from incidents.actions.desks import LOOKS
from incidents.models import Desk, Incident, Shift
from incidents.models.incident import DEADLINES, State
from soc.core.vitals import gauge


@gauge("incidents")
def incidents(at: datetime) -> dict[str, Any]:
    """`waiting`: incidents that nobody has claimed. `late`: incidents with a deadline that has passed and was not acted on;
    `late_s`: for how long the oldest of these, over the whole installation. `consoles`: people whose page answered just now."""
    waiting: Counter[str] = Counter()
    for organisation, n in Incident.objects.filter(state=State.OPEN).values_list("organisation").annotate(Count("pk")):
        waiting[str(organisation)] = n
    passed = Q(*((f"{column}__lt", at) for column in DEADLINES), _connector=Q.OR)
    late: Counter[str] = Counter()
    oldest = at
    firsts = {f"first_{column}": Min(column, filter=Q(**{f"{column}__lt": at})) for column in DEADLINES}
    rows: Any = Incident.objects.filter(passed).values("organisation").annotate(n=Count("pk"), **firsts).order_by()
    for row in rows:
        late[str(row["organisation"])] = row["n"]
        oldest = min([oldest, *(row[name] for name in firsts if row[name])])
    since = at - LOOKS
    desks = Desk.objects.filter(seen_at__gte=since).count()
    return {
        "waiting": dict(waiting),
        "late": dict(late),
        "late_s": round((at - oldest).total_seconds(), 1),
        "consoles": desks + Shift.objects.filter(ended_at__isnull=True, seen_at__gte=since).count(),
    }
