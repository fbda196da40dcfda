"""A passcode that somebody typed: whose it is, if it is anybody's. A duress word answers as the passcode does."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cameras.actions.candidates import commit_candidate
from cameras.errors import Refused
from cameras.models import PasscodeTry, SiteContact
from soc.core import events
from soc.core.models import Site, User
from soc.core.prepared import prepared

# So many wrong words of one person at one site, or of all people there, within this time; then nobody is asked.
WRONG: Final = 5
WRONG_OF_ALL: Final = 20
WITHIN: Final = timedelta(minutes=15)


def contacts_of(site: Site) -> list[SiteContact]:
    """Whom one can ask at a site, in the order in which they are asked."""
    return _contacts(site.pk)


@prepared
def _contacts(site: UUID) -> QuerySet[SiteContact]:
    return SiteContact.objects.filter(site=site, enabled=True).order_by("rank", "name")


def vouch(site: Site, word: str, *, by: User, at: datetime, contact: UUID | None = None) -> SiteContact | None:
    """The contact of this site (or this one of them) whose word it is; None where it is nobody's. The word is kept nowhere.

    1. The try is written down first, so that guessing at once from many pages is counted too.
    2. Every word of every contact is compared, the right one or not: the time it takes says nothing.
    3. A duress word is the passcode to whoever typed it; with it a quiet candidate of the gravest kind is committed.

    Raises Refused `locked` after too many wrong words, and nothing is compared then. To be called outside of a transaction:
    a try stays counted whatever becomes of the act that it was typed for.
    """
    attempt = _count(site, by, at)
    asked = [one for one in contacts_of(site) if contact is None or one.pk == contact]
    answers = {one: one.answers(word) for one in asked if one.passcode_hash}
    right = [one for one, answer in answers.items() if answer]
    # Where a word is one contact's passcode and another's duress word, it is taken for the graver.
    forced = [one for one in right if answers[one] == "duress"]
    found = next(iter(forced or right), None)
    with transaction.atomic():
        if found is None:
            events.record("passcode.refused", site, by=by, at=at)
            return None
        PasscodeTry.objects.filter(pk=attempt.pk).update(right=True)
        events.record("passcode.given", found, by=by, at=at)
        if forced:
            _tell_of_duress(found, attempt, at)
    return found


def vouched(site: Site, word: str, *, by: User, at: datetime, contact: UUID | None = None) -> SiteContact:
    """The contact whose word it is. Raises Refused `passcode` where it is nobody's, `locked`."""
    if not word.strip():
        raise Refused("passcode", _("Type the passcode that the caller says."), field="word")
    found = vouch(site, word, by=by, at=at, contact=contact)
    if found is None:
        raise Refused("passcode", _("This is not the passcode of anybody listed here."), field="word")
    return found


def _count(site: Site, by: User, at: datetime) -> PasscodeTry:
    """Write the try down, as wrong until it has proved right."""
    with transaction.atomic(durable=True):
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        wrong = PasscodeTry.objects.filter(site=site, at__gt=at - WITHIN, right=False)
        if wrong.filter(by=by).count() >= WRONG or wrong.count() >= WRONG_OF_ALL:
            raise Refused(
                "locked",
                _("Too many wrong passcodes at this site. Call a listed contact back, or ask a supervisor."),
                field="word",
            )
        attempt = PasscodeTry(site=site, by=by, at=at, right=False)
        attempt.save(force_insert=True)
    return attempt


def _tell_of_duress(contact: SiteContact, attempt: PasscodeTry, at: datetime) -> None:
    commit_candidate(
        site=contact.site,
        source="system",
        category="duress",
        captured_at=at,
        received_at=at,
        judged_at=at,
        dedup=f"duress:{attempt.pk}",
        evidence={"contact": str(contact.pk)},
    )
