"""Each site's weekly intervals become version 1 of its policy, in force from now on."""

import hashlib
import json
from typing import Any

from django.db import migrations
from django.utils import timezone


def body_of(rows: Any) -> dict[str, Any]:
    """Intervals as a policy has them: [(weekday, starts, ends)], an end at or before the start on the next day."""
    week = [{"day": weekday, "from": starts.isoformat(), "to": ends.isoformat()} for weekday, starts, ends in rows]
    for hours in week:
        for name in ("from", "to"):
            hours[name] = hours[name].removesuffix(":00") if hours[name].count(":") == 2 else hours[name]
    return {"owner": "schedule", "schedule": {"week": week}}


def forwards(apps: Any, _editor: Any) -> None:
    intervals, policies = apps.get_model("cameras", "ArmingInterval"), apps.get_model("cameras", "Policy")
    judgings = apps.get_model("cameras", "Judging")
    now = timezone.now()
    by_site: dict[Any, list[Any]] = {}
    for row in intervals.objects.select_related("site").order_by("site", "weekday", "starts"):
        by_site.setdefault(row.site, []).append((row.weekday, row.starts, row.ends))
    for site, rows in by_site.items():
        if policies.objects.filter(site=site).exists():
            continue
        body = body_of(rows)
        policy = policies.objects.create(
            organisation_id=site.organisation_id,
            site=site,
            name=site.name,
            number=1,
            body=body,
            sha256=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
            published_at=now,
            note="The weekly arming, as it was.",
        )
        judgings.objects.update_or_create(
            site=site, defaults={"organisation_id": site.organisation_id, "policy": policy}
        )


def backwards(apps: Any, _editor: Any) -> None:
    """The ordinary week of the policy in force. What a policy says besides has no place in intervals."""
    intervals, judgings = apps.get_model("cameras", "ArmingInterval"), apps.get_model("cameras", "Judging")
    for row in judgings.objects.filter(policy__isnull=False).select_related("policy"):
        for hours in row.policy.body.get("schedule", {}).get("week", []):
            fields = {"ends": hours["to"], "organisation_id": row.organisation_id}
            intervals.objects.get_or_create(
                site_id=row.site_id, weekday=hours["day"], starts=hours["from"], defaults=fields
            )


class Migration(migrations.Migration):
    dependencies = [("cameras", "0006_passcode_tries")]

    operations = [migrations.RunPython(forwards, backwards)]
