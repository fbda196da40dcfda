"""The cast stands: a test of the tests' own material."""

from incidents.models import Incident
from tests import factories as make


def test_everyone_of_the_cast_is_where_they_belong(alice, sam, admin, carol, bob, oscar, zone, other_camera):
    assert Incident.objects.visible_to(alice).count() == 0
    assert type(zone.site).objects.visible_to(carol).get() == zone.site
    assert type(zone.site).objects.visible_to(bob).get() == other_camera.site
    assert not type(zone.site).objects.visible_to(oscar).exists()


def test_a_candidate_in_an_inside_zone_is_priority_1(zone):
    assert make.make_candidate(zone=zone).priority == 1


def test_evidence_is_stored_in_the_tests_folder(site, tmp_path):
    kept = make.make_media(site)
    assert (tmp_path / "evidence" / kept.key).exists()
