"""How long evidence is kept: each site's days, unless something keeps it longer. The file goes, its row with hash and size stays.

1. A row is marked as erased, with its site's row locked, so that a hold placed at the same moment either comes first or
   finds it erased. From then on nobody is shown it.
2. Its file is removed, and the row says so. A crash between the two leaves a marked row, which the next round finishes.

What is worth keeping is known downstream: the stages tell it at start, as with `in_incident`.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Final

from django.db import transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef, Q

from soc.core import events
from soc.core.models import Media, Site
from soc.core.models.media import evidence_store
from soc.core.sweeps import chore

log = logging.getLogger(__name__)

BATCH: Final = 200  # rows marked while a site is locked, and folding there waits: milliseconds
# A first clip that the whole one has replaced may still be played by somebody; and what was just stored will be pointed to.
GRACE: Final = timedelta(minutes=15)
LOOK_BACK: Final = timedelta(days=2)  # for replaced ones; older ones go with the site's days
MOST_FAILURES: Final = 20
WRITING_AT_MOST: Final = timedelta(hours=6)  # then whoever wrote it is dead

Rows = Callable[[], Q]
_keepers: dict[str, Rows] = {}


def keeps(name: str, rows: Rows) -> None:
    """`rows()` are the Media that stay, however old."""
    _keepers[name] = rows


def kept() -> Q:
    return reduce(or_, (rows() for rows in _keepers.values()), Q(pk__in=[]))


def pointed_to() -> Q:
    """Media that some row refers to, by whichever foreign key there is: a new model need not be told of here."""
    found = Q(pk__in=[])
    for relation in Media._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel):
            rows = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})
            found |= Q(Exists(rows))
    return found


@chore("evidence.retention")
def keep_house(at: datetime) -> int:
    """Erase what is due at `at`; the number of rows and files that something was done about. Nothing while nobody has
    told what is to be kept: then some stage is missing, not every reason to keep."""
    if not _keepers:
        return 0
    done = sum(_at_site(site, at) for site in Site.objects.order_by("pk").iterator())
    lost = Media.objects.filter(writing=True, erased_at=None, created_at__lt=at - WRITING_AT_MOST)
    done += lost.update(erased_at=at)
    return done + remove_files(at)


def _at_site(site: Site, at: datetime) -> int:
    """In batches, each a transaction of its own."""
    done = 0
    for rows, why in ((_too_old(site, at), "retention"), (_replaced(site, at), "replaced")):
        while marked := _mark(site, rows, why, at):
            done += marked
            if marked < BATCH:
                break
    return done


def _too_old(site: Site, at: datetime) -> Q:
    return Q(site=site, erased_at=None, created_at__lt=at - timedelta(days=site.retention_days))


def _replaced(site: Site, at: datetime) -> Q:
    young = Q(created_at__lt=at - GRACE, created_at__gt=at - LOOK_BACK)
    pictures = Q(kind__in=[Media.Kind.CLIP, Media.Kind.SNAPSHOT, Media.Kind.PLAN])
    return Q(site=site, erased_at=None, writing=False) & young & pictures & ~pointed_to()


def _mark(site: Site, rows: Q, why: str, at: datetime) -> int:
    """Erased from now on, at most BATCH of them; the number."""
    if not Media.objects.filter(rows).exclude(kept()).exists():
        return 0
    with transaction.atomic():
        # Alerts are folded, and incidents put on hold, under the same lock.
        locked = Site.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=site.pk).first()
        if locked is None or locked.retention_days != site.retention_days:
            return 0  # busy, or just changed: the next round
        found = Media.objects.filter(rows).exclude(kept()).order_by("created_at").values_list("pk", flat=True)
        marked = Media.objects.filter(pk__in=list(found[:BATCH])).update(erased_at=at)
        if marked:
            events.record("evidence.erased", site, by=None, at=at, count=marked, why=why)
    return marked


def remove_files(at: datetime) -> int:
    """The files of what is erased, also of what a crash left half erased. A file that cannot be removed keeps no other;
    a store that fails again and again is left alone until the next time."""
    done = failed = 0
    half = Media.objects.filter(erased_at__isnull=False, removed_at=None).order_by("erased_at")
    for media in half.only("pk", "key").iterator(chunk_size=BATCH):
        try:
            evidence_store().delete(media.key)
        except OSError:
            log.exception("the store does not remove %s", media.key)
            failed += 1
            if failed >= MOST_FAILURES:
                break
            continue
        done += Media.objects.filter(pk=media.pk, removed_at=None).update(removed_at=at)
    return done
