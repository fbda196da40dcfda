"""The policy's page: plain fields in, a draft kept, and a publishing that nothing real is lost behind."""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from cameras.actions import commit_candidate, gate, policies
from cameras.admin import policy_problems, policy_words
from cameras.admin.policy_page import Desk
from cameras.models import AccessWindow, Judging, Policy, PolicyDraft
from incidents import actions
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db

WEEK = [{"day": day, "from": "19:00", "to": "07:00"} for day in range(7)]
BODY = {"owner": "schedule", "schedule": {"week": WEEK}}


@pytest.fixture
def published(site, sam):
    return policies.publish(site, BODY, by=sam, at=NIGHT)


@pytest.fixture
def page(site):
    return reverse("admin:core_site_policy", args=[site.pk])


def fields_of(answer) -> dict[str, str]:
    """What a browser without scripts would send of the page's form."""
    html = answer.content.decode()
    form = html[html.index('id="policy-form"') : html.index("</form>", html.index('id="policy-form"'))]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        ticked = not re.search(r'type="(checkbox|radio)"', tag) or "checked" in tag
        if name and ticked:
            found[name[1]] = value[1] if value else ""
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        options = re.findall(r'<option value="([^"]*)"( selected)?', inner)
        found[name] = next((value for value, chosen in options if chosen), options[0][0])
    return found


def test_the_page_gives_back_what_it_was_given(as_, sam, page, site, zone, published):
    body = {
        **BODY,
        "owner": "customer",
        "rules": [
            {"zone": str(zone.pk), "category": "person", "when": "armed", "decision": "raise", "priority": 1,
             "dwell_s": 4.5, "cooldown_s": 60, "note": "The gate"}
        ],
        "opening": {"close": [{"day": 0, "from": "17:00", "to": "20:00"}], "grace_min": 0},
        "runaway": {"dismissed": 6, "within_min": 10, "look_min": 15},
        "zones": {str(zone.pk): {"schedule": {"week": WEEK[:2]}}},
    }  # fmt: skip
    body["schedule"] = {
        "week": WEEK,
        "specials": [{"name": "Summer", "first": "2026-07-01", "last": "2026-07-31", "hours": [["00:00", "00:00"]]}],
        "dates": [{"date": "2026-12-24", "name": "", "hours": [["14:00", "00:00"]]}],
        "holidays": {"country": "GB", "subdiv": "ENG", "hours": [["00:00", "00:00"]]},
    }
    gate.keep(site, body, by=sam, at=NIGHT, seen=None)
    client = as_(sam)
    answer = client.get(page)
    assert "Christmas Day" in answer.content.decode()
    assert client.post(f"{page}keep/", fields_of(answer)).status_code == 302
    assert PolicyDraft.objects.get().body == body


# --- behind the replay


@pytest.fixture
def break_in(site, zone, alice, published):
    """A real incident of last night, raised by the version in force."""
    seen = commit_candidate(
        site=site, source="camera", camera=zone.camera, zone=zone, category="person", captured_at=NIGHT, received_at=NIGHT,
        judged_at=NIGHT, dedup="break-in", dwell_s=4.8, score=0.9,
    )  # fmt: skip
    incident = make.make_incident(seen, at=NIGHT)
    incident = actions.claim(incident.pk, by=alice, at=NIGHT)
    return actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=NIGHT)


RULE = {"zone": None, "category": "person", "when": "always", "decision": "watch", "priority": None, "dwell_s": None,
        "cooldown_s": 0, "note": ""}  # fmt: skip
HIDES = {**BODY, "rules": [RULE]}
LIMIT = {**BODY, "rules": [{**RULE, "decision": "raise", "dwell_s": 6.0}]}
LATER = NIGHT + timedelta(hours=8)


@pytest.fixture
def joan(organisation):
    """A second supervisor."""
    return make.make_user("joan", "supervisor", organisation)


def drafted(site, body, by):
    return gate.keep(site, body, by=by, at=LATER, seen=None)


def saved(site, body, by, **fields):
    return gate.publish_draft(site, by=by, at=LATER, seen=gate.digest(body), **fields)


def test_a_change_that_loses_nothing_is_published_by_its_author(site, zone, break_in, sam):
    body = {**LIMIT, "rules": [{**LIMIT["rules"][0], "dwell_s": 4.0}]}
    drafted(site, body, sam)
    policy = saved(site, body, sam, note="less")
    assert (policy.number, policy.published_by, policy.signed_by, policy.note) == (2, sam, None, "less")
    assert (policy.replayed["candidates"], policy.replayed["lost"]) == (1, [])
    assert policies.in_force(site).version.startswith("2-")
    assert not PolicyDraft.objects.exists()


def test_a_change_that_would_lose_a_real_incident_is_held_up_and_says_which(site, break_in, sam):
    drafted(site, LIMIT, sam)
    with pytest.raises(gate.HeldUp) as held:
        saved(site, LIMIT, sam)
    assert held.value.code == "lost"
    assert [lost.incident for lost in held.value.outcome.lost] == [break_in.pk]
    assert PolicyDraft.objects.get().replayed["lost"] == [str(break_in.pk)]
    assert Policy.objects.count() == 1


def test_another_supervisor_may_sign_with_a_reason_and_no_author_of_it(site, break_in, sam, joan, alice):
    drafted(site, LIMIT, sam)
    for by, reason, code in ((sam, "I know of this one", "own"), (joan, "ok", "no_reason")):
        with pytest.raises(gate.HeldUp) as held:
            saved(site, LIMIT, by, signature=gate.Signature(by, reason))
        assert held.value.code == code
    with pytest.raises(PermissionDenied):
        saved(site, LIMIT, alice, signature=gate.Signature(alice, "An operator's word is none"))
    gate.replay_draft(PolicyDraft.objects.get(), at=LATER)
    policy = saved(site, LIMIT, joan, signature=gate.Signature(joan, "The fence was moved since"))
    assert (policy.published_by, policy.signed_by, policy.signed_reason) == (sam, joan, "The fence was moved since")
    assert policy.replayed["lost"] == [str(break_in.pk)]


def test_a_signature_is_for_the_losses_that_were_shown_and_no_others(site, break_in, sam, joan):
    drafted(site, LIMIT, sam)
    for code in ("lost", ""):  # nobody had replayed it: what would be lost is shown now, and signed for then
        signature = gate.Signature(joan, "The fence was moved since")
        if code:
            with pytest.raises(gate.HeldUp) as held:
                saved(site, LIMIT, joan, signature=signature)
            assert held.value.code == code
            assert PolicyDraft.objects.get().replayed["lost"] == [str(break_in.pk)]
        else:
            assert saved(site, LIMIT, joan, signature=signature).signed_by == joan


def test_whoever_once_wrote_in_a_draft_never_signs_it_however_last_typed(site, break_in, sam, joan):
    first = drafted(site, HIDES, joan)
    gate.keep(site, LIMIT, by=sam, at=LATER, seen=first.kept_at)
    with pytest.raises(gate.HeldUp) as held:
        saved(site, LIMIT, joan, signature=gate.Signature(joan, "I did not write the last of it"))
    assert held.value.code == "own"


def test_a_signature_is_for_what_was_looked_at_and_not_for_what_it_became(site, break_in, sam, joan):
    first = drafted(site, LIMIT, sam)
    gate.keep(site, HIDES, by=sam, at=LATER, seen=first.kept_at)
    with pytest.raises(gate.HeldUp) as held:
        saved(site, LIMIT, joan, signature=gate.Signature(joan, "The fence was moved since"))
    assert held.value.code == "overtaken"


def test_what_a_browser_or_an_older_replay_said_counts_for_nothing(as_, site, page, break_in, sam):
    """A replay noted as clean, with the right digest, posted and stored: the publishing replays anew."""
    drafted(site, LIMIT, sam)
    clean = {"sha256": gate.digest(LIMIT), "at": LATER.isoformat(), "lost": [], "newly_raised": 0, "newly_hidden": 0}
    PolicyDraft.objects.update(replayed=clean)
    client = as_(sam)
    form = fields_of(client.get(page)) | {"lost": "0", "replayed": "1"}
    answer = client.post(f"{page}publish/", form)
    assert answer.status_code == 409
    assert "incidents that were real would be lost" in answer.content.decode()
    assert break_in.reference in answer.content.decode()
    assert Policy.objects.count() == 1


def decided_meanwhile(monkeypatch, incident, alice):
    """The incident becomes real right after the first replay, before the lock."""
    real = gate._told[0].replay
    asked = []

    def replay(*args, **kwargs):
        outcome = real(*args, **kwargs)
        if not asked:
            actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=LATER)
        asked.append(outcome)
        return outcome

    monkeypatch.setattr(gate._told[0], "replay", replay)
    return asked


@pytest.fixture
def false_alarm(break_in, alice):
    return actions.decide(break_in.pk, verdict="false", token=break_in.token, by=alice, at=NIGHT)


def test_what_turns_out_to_be_real_while_it_is_replayed_is_looked_for_under_the_lock(
    site, false_alarm, sam, alice, monkeypatch
):
    asked = decided_meanwhile(monkeypatch, false_alarm, alice)
    drafted(site, LIMIT, sam)
    with pytest.raises(gate.HeldUp) as held:
        saved(site, LIMIT, sam)
    assert held.value.code == "lost"
    assert [len(outcome.lost) for outcome in asked] == [0, 1]


def test_a_gate_that_does_not_look_again_under_the_lock_is_found(site, false_alarm, sam, alice, monkeypatch):
    """The broken variant of the test above: it publishes what loses a real incident."""
    decided_meanwhile(monkeypatch, false_alarm, alice)
    monkeypatch.setattr(gate, "_moment", lambda site: ())
    drafted(site, LIMIT, sam)
    policy = saved(site, LIMIT, sam)
    assert policy.signed_by is None


def test_while_nobody_tells_what_was_real_nothing_is_published(site, published, sam, monkeypatch):
    monkeypatch.setattr(gate, "_told", [])
    drafted(site, LIMIT, sam)
    with pytest.raises(gate.HeldUp) as held:
        saved(site, LIMIT, sam)
    assert held.value.code == "untold"


def test_a_draft_from_an_older_version_is_not_published_over_a_newer_one(site, published, sam):
    drafted(site, LIMIT, sam)
    policies.publish(site, BODY, by=sam, at=LATER)
    with pytest.raises(gate.HeldUp) as held:
        saved(site, LIMIT, sam)
    assert held.value.code == "moved"


def test_a_roll_back_is_the_next_version_and_goes_through_the_same_gate(
    as_, site, page, published, zone, alice, sam, joan
):
    first = policies.publish(site, LIMIT, by=sam, at=NIGHT - timedelta(days=1))
    policies.roll_back(published, by=sam, at=NIGHT - timedelta(hours=1))
    client = as_(sam)
    assert client.post(f"{page}roll-back/", {"number": "2"}).status_code == 302
    again = Policy.objects.get(number=4)
    assert (again.body, again.rolled_back_to) == (first.body, first)
    assert "Rolled back to version 2" in client.get(f"{page}?tab=history").content.decode()
    assert client.post(f"{page}roll-back/", {"number": "99"}).status_code == 409


def test_a_roll_back_that_would_lose_something_waits_as_a_draft_for_a_signature(site, published, sam, alice, zone):
    policies.publish(site, LIMIT, by=sam, at=NIGHT - timedelta(days=2))
    policies.publish(site, BODY, by=sam, at=NIGHT - timedelta(days=1))
    seen = commit_candidate(
        site=site, source="camera", camera=zone.camera, zone=zone, category="person", captured_at=NIGHT, received_at=NIGHT,
        judged_at=NIGHT, dedup="break-in", dwell_s=4.8, score=0.9,
    )  # fmt: skip
    make.make_incident(seen, at=NIGHT)
    with pytest.raises(gate.HeldUp) as held:
        gate.roll_back(Policy.objects.get(number=2), by=sam, at=LATER)
    assert held.value.code == "lost"
    assert PolicyDraft.objects.get().body == LIMIT


# --- at the door, and words


def test_two_people_do_not_type_over_each_other(as_, site, page, published, sam, joan):
    client = as_(sam)
    form = fields_of(client.get(page))
    drafted(site, LIMIT, joan)
    answer = client.post(f"{page}keep/", {**form, "owner": "panel"}, headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 409
    assert "somebody changed this draft" in answer.json()["held_up"]
    assert PolicyDraft.objects.get().body == LIMIT


def test_what_is_typed_is_kept_and_the_changes_are_said_in_words(as_, site, page, zone, published, sam):
    policies.publish(
        site, {**LIMIT, "rules": [{**LIMIT["rules"][0], "zone": str(zone.pk), "dwell_s": 3.0}]}, by=sam, at=NIGHT
    )
    client = as_(sam)
    form = fields_of(client.get(page)) | {"rules.0.dwell_s": "6"}
    said = client.post(f"{page}keep/", form, headers={"X-Requested-With": "fetch"}).json()
    words = re.sub(r"<[^>]+>|\s+", " ", said["parts"]["part-changes"])
    assert "Yard, rule 1: limit 3.0 s 6.0 s" in re.sub(r"\s+", " ", words)
    assert [str(one) for one in policy_words.changes(published.body, LIMIT, {})] == [
        "Everywhere, rule 1 person, always, raise, limit 6.0 s"
    ]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"schedule.week.7.day": "0", "schedule.week.7.from": "20:00", "schedule.week.7.to": "21:00"}, "schedule.week.7"),
        ({"schedule.week.7.day": "0", "schedule.week.7.from": "25:00", "schedule.week.7.to": "21:00"}, "schedule.week.7.from"),
        ({"schedule.specials.0.name": "Endless", "schedule.specials.0.first": "2026-07-01"}, "schedule.specials.0.last"),
        ({"rules.0.category": "panic", "rules.0.decision": "ignore"}, "rules.0.decision"),
        ({"rules.0.category": "*", "rules.0.decision": "ignore", "rules.0.when": "always"}, "rules.0.decision"),
        ({"rules.0.category": "person", "rules.0.decision": "raise", "rules.0.dwell_s": "long"}, "rules.0.dwell_s"),
        ({"runaway.within_min": "0"}, "runaway.within_min"),
        ({"schedule.holidays.country": "ZZ"}, "schedule.holidays.country"),
        ({"schedule.holidays.country": "GB", "schedule.holidays.subdiv": "XX"}, "schedule.holidays.subdiv"),
    ],
)  # fmt: skip
def test_every_refusal_stands_at_its_field_with_the_reason(as_, site, page, published, sam, fields, path):
    client = as_(sam)
    form = fields_of(client.get(page)) | fields
    said = client.post(f"{page}keep/", form, headers={"X-Requested-With": "fetch"}).json()
    refused = [one for one in said["wrong"] if not one["warning"]]
    assert path in [one["path"] for one in refused]
    assert all("_" not in one["said"] and "%" not in one["said"] for one in said["wrong"]), said["wrong"]
    assert said["blocked"]
    form = fields_of(client.get(page))
    answer = client.post(f"{page}publish/", form)
    assert answer.status_code == 409
    assert 'aria-invalid="true"' in answer.content.decode() or path == "schedule.week.7"
    assert Policy.objects.count() == 1


def test_every_reason_that_the_core_gives_has_a_sentence():
    root = Path(policies.__file__).parents[1] / "context"
    found = set()
    for file in root.glob("*.py"):
        found |= set(
            re.findall(r'(?:refuse|warn)\([^,]+(?:\([^)]*\))?, "(\w+)"|Problem\([^,]+, "(\w+)"', file.read_text())
        )
    codes = {code for pair in found for code in pair if code}
    assert len(codes) > 20
    assert codes - set(policy_problems.SAID) == set()


def test_an_installer_proposes_and_publishes_nothing(as_, site, page, published, customer):
    installer = make.make_user("ivan", "installer", customer)
    client = as_(installer)
    form = fields_of(client.get(page)) | {"owner": "customer"}
    assert client.post(f"{page}keep/", form).status_code == 302
    assert client.post(f"{page}publish/", fields_of(client.get(page))).status_code == 404
    assert Policy.objects.count() == 1


def test_a_foreign_site_has_no_policy_here(as_, other_site, oscar, sam, other_organisation):
    page = reverse("admin:core_site_policy", args=[other_site.pk])
    stranger = make.make_user("stranger", "supervisor", other_organisation)
    for person in (oscar, stranger):
        assert as_(person).get(page).status_code == 404
        assert as_(person).post(f"{page}publish/").status_code == 404
    assert as_(sam).get(page).status_code == 200


def test_the_grid_draws_the_actual_week_with_its_holidays_windows_and_late_marks(as_, site, page, sam):
    body = {
        "schedule": {
            "week": WEEK,
            "specials": [{"name": "Site holiday", "first": "2026-11-18", "last": "2026-11-18", "hours": [["00:00", "00:00"]]}],
        },
        "opening": {"close": [{"day": 0, "from": "17:00", "to": "20:00"}]},
    }  # fmt: skip
    policies.publish(site, body, by=sam, at=NIGHT)
    AccessWindow.objects.create(
        site=site, kind="cleaner", starts_at=NIGHT - timedelta(days=60), ends_at=NIGHT + timedelta(days=60), weekdays=[1],
        from_time=time(19), to_time=time(21), made_by=sam, made_at=NIGHT,
    )  # fmt: skip
    desk = Desk(site, sam, NIGHT)
    monday, tuesday, wednesday, thursday, *_rest, sunday = desk.week_of("schedule")
    assert (wednesday.kind, wednesday.name, [bar.width for bar in wednesday.fixed]) == (
        "special",
        "Site holiday",
        [100],
    )
    assert (monday.late, [bar.text for bar in tuesday.expected]) == ([100 * 20 / 24], ["cleaner"])
    assert [wednesday.spill, thursday.spill, sunday.clock] == [True, False, "02:13"]
    html = as_(sam).get(f"{page}?week=2026-11-16").content.decode()
    assert "Site holiday" in html
    assert "Expected: cleaner, 19:00 to 21:00" in html
    armed = {day.date.isoformat(): day.hours for day in Desk(site, sam, NIGHT - timedelta(days=5)).seven()}
    assert (armed["2026-11-18"], armed["2026-11-20"]) == (24, 12)


@pytest.mark.parametrize(
    "body",
    [
        [],
        "nothing",
        {"schedule": 7, "zones": [1], "rules": [3, {"zone": 4, "dwell_s": "x"}], "opening": "no", "runaway": []},
        {"schedule": {"week": [{"day": "x"}, 5], "specials": [{"first": 3}], "dates": [{"hours": 9}], "holidays": {"days": 3}}},
        {"schedule": {"week": {}, "specials": 1, "dates": 2, "holidays": 3}, "owner": None, "zones": {"a": 1, "b": {"x": 2}}},
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_read_can_still_be_looked_at_and_replaced(as_, site, page, published, sam, body):
    broken = Policy(organisation=site.organisation, site=site, name="x", number=2, body=body, published_at=NIGHT)
    broken.save()
    Judging.objects.filter(site=site).update(policy=broken)
    client = as_(sam)
    for address in (page, f"{page}?tab=in-force", f"{page}?tab=history"):
        assert client.get(address).status_code == 200
    form = fields_of(client.get(page)) | {
        "schedule.week.0.from": "19:00",
        "schedule.week.0.to": "07:00",
        "owner": "schedule",
    }
    for rest in [name for name in form if re.match(r"rules\.|schedule\.(specials|dates|week\.[1-9])", name)]:
        del form[rest]
    assert client.post(f"{page}publish/", form).status_code == 302
    assert Policy.objects.get(number=3).body["schedule"]["week"][0]["from"] == "19:00"


@pytest.mark.parametrize("typed", ["nan", "inf", "1e400", "6\0", "\0"])
def test_what_no_database_keeps_is_refused_in_words(as_, site, page, published, sam, typed):
    form = fields_of(as_(sam).get(page)) | {
        "rules.0.category": "person",
        "rules.0.decision": "raise",
        "rules.0.note": "a\0b",
    }
    answer = as_(sam).post(f"{page}keep/", form | {"rules.0.dwell_s": typed}, headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 200
    assert answer.json()["blocked"] == (typed in {"nan", "inf", "1e400"})
    assert PolicyDraft.objects.get().body["rules"][0]["note"] == "ab"


def test_a_draft_is_dropped_by_whoever_looked_at_it(as_, site, page, published, sam, joan):
    client = as_(sam)
    client.post(f"{page}keep/", fields_of(client.get(page)) | {"owner": "panel"})
    form = fields_of(client.get(page))
    gate.keep(site, LIMIT, by=joan, at=LATER, seen=PolicyDraft.objects.get().kept_at)
    assert client.post(f"{page}drop/", form).status_code == 409
    assert client.post(f"{page}drop/", fields_of(client.get(page))).status_code == 302
    assert not PolicyDraft.objects.exists()


def test_whoever_may_sign_is_shown_where_a_signature_is_asked_for(as_, site, page, break_in, sam, joan, admin):
    drafted(site, LIMIT, sam)
    assert as_(sam).post(f"{page}ask/").status_code == 302
    words = "a signature is asked for"
    cameras = reverse("console-cameras")
    assert words in as_(joan).get(cameras).content.decode()
    assert words not in as_(admin).get(cameras).content.decode()


def test_a_form_of_many_rules_is_taken_whole(as_, site, page, published, sam):
    form = fields_of(as_(sam).get(page))
    rule = {
        "category": "person",
        "decision": "raise",
        "when": "armed",
        "zone": "",
        "priority": "",
        "dwell_s": "",
        "cooldown_s": "0",
    }
    for n in range(200):
        form |= {f"rules.{n}.{name}": value for name, value in {**rule, "note": str(n)}.items()}
    assert as_(sam).post(f"{page}keep/", form).status_code == 302
    assert len(PolicyDraft.objects.get().body["rules"]) == 200
