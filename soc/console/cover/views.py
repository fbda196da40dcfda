"""The cover pages. A part of a page, asked for by its own module every few seconds, is the same without its frame."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from cameras.actions import arming, asking, muting, presence
from cameras.errors import Refused
from cameras.models import AccessWindow
from soc.console.cover import reads
from soc.console.door import asked_by_script
from soc.console.readiness.views import whoever_may
from soc.core import clock
from soc.core.models import Site, User
from soc.core.rights import Act

Begin = Callable[..., Any]
End = Callable[..., Any]


@whoever_may(Act.COVER)
@require_safe
def cover(request: HttpRequest) -> HttpResponse:
    """Everything that is not as usual now."""
    return _overview(request)


def _overview(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    user: Any = request.user
    facts = reads.overview(user, at=clock.now()) | {"has_console": user.may_anywhere(Act.CONSOLE), "refused": refused}
    if asked_by_script(request):
        return render(request, "console/cover/now.html", facts)
    facts |= {"sites": reads.sites_of(user), "organisations": reads.organisations_of(user)}
    return render(request, "console/cover/list.html", facts, status=409 if refused else 200)


@whoever_may(Act.STORM)
@require_POST
def storm(request: HttpRequest) -> HttpResponse:
    """Storm mode of an organisation, or of the sites that were ticked."""
    user: Any = request.user
    organisation = next(
        (one for one in reads.organisations_of(user) if str(one.pk) == request.POST.get("organisation")), None
    )
    try:
        if organisation is None:
            raise Refused("sites", _("Choose where."))
        muting.start_storm(
            organisation,
            sites=_ids(request.POST, "sites"),
            minutes=_number(request.POST, "minutes"),
            reason=request.POST.get("reason", ""),
            by=user,
            at=clock.now(),
        )
    except Refused as refused:
        return _overview(request, refused)
    return redirect("console-cover")


@whoever_may(Act.COVER)
@require_safe
def site(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One site, with the forms."""
    return _site_page(request, _site(request, pk))


def _site(request: HttpRequest, pk: UUID) -> Site:
    user: Any = request.user
    found: Site | None = reads.sites_of(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _site_page(request: HttpRequest, site: Site, refused: Refused | None = None, verb: str = "") -> HttpResponse:
    user: Any = request.user
    facts = reads.site_page(site, user, at=clock.now()) | {"has_console": user.may_anywhere(Act.CONSOLE)}
    if asked_by_script(request):
        return render(request, "console/cover/site_now.html", facts)
    # What was typed comes back, but for the passcode.
    given = {name: value for name, value in request.POST.items() if name not in {"word", "csrfmiddlewaretoken"}}
    facts |= {"refused": refused, "refused_verb": verb, "given": given, "kinds": AccessWindow.Kind.choices}
    return render(request, "console/cover/site.html", facts, status=409 if refused else 200)


@sensitive_post_parameters("word")
@whoever_may(Act.COVER)
@require_POST
def begin(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Begin `verb` at a site and go back to its page; 409 with the words of a refusal."""
    user: Any = request.user
    found = _site(request, pk)
    acts, do = BEGIN.get(verb, ((), None))
    if do is None or not any(user.may(act, found) for act in acts):
        raise Http404
    try:
        do(found, request.POST, user, clock.now())
    except Refused as refused:
        return _site_page(request, found, refused, verb)
    except ObjectDoesNotExist as error:
        raise Http404 from error
    return redirect("console-cover-site", found.pk)


@whoever_may(Act.COVER)
@require_POST
def end(request: HttpRequest, kind: str, pk: UUID, verb: str) -> HttpResponse:
    """End what was begun, or let a storm go on."""
    user: Any = request.user
    act = END.get((kind, verb))
    if act is None:
        raise Http404
    try:
        row = act(pk, by=user, at=clock.now())
    except Refused as refused:
        return _overview(request, refused)
    except ObjectDoesNotExist as error:
        raise Http404 from error
    if request.POST.get("back") == "site" and getattr(row, "site_id", None):
        return redirect("console-cover-site", row.site_id)
    return redirect("console-cover")


# --- What each takes from its form


def _number(form: QueryDict, name: str) -> int:
    try:
        return int(form.get(name, ""))
    except ValueError as error:
        raise Refused(name, _("Write the minutes as a number."), field=name) from error


def _id(form: QueryDict, name: str) -> UUID | None:
    try:
        return UUID(said) if (said := form.get(name, "")) else None
    except ValueError as error:
        raise Refused(name, _("Choose one of the list."), field=name) from error


def _ids(form: QueryDict, name: str) -> list[UUID]:
    try:
        return [UUID(value) for value in form.getlist(name)]
    except ValueError as error:
        raise Refused(name, _("Choose of the list."), field=name) from error


def _place(form: QueryDict) -> dict[str, UUID | None]:
    """“zone:…” or “camera:…”, "" for the whole site."""
    kind, _colon, value = form.get("where", "").partition(":")
    try:
        return {kind: UUID(value)} if kind in {"zone", "camera"} else {}
    except ValueError as error:
        raise Refused("where", _("Choose one of the list."), field="where") from error


def _snooze(site: Site, form: QueryDict, by: User, at: datetime) -> None:
    minutes = _number(form, "minutes")
    begin: Begin = muting.snooze
    if settings.SNOOZE_MIN[0] < minutes <= settings.SNOOZE_MIN[1] and not by.may(Act.MUTE_LONG, site):
        begin = asking.ask_snooze  # longer than their own: a supervisor's word
    begin(
        site,
        categories=form.getlist("categories"),
        minutes=minutes,
        reason=form.get("reason", ""),
        **_place(form),
        by=by,
        at=at,
    )


def _test(site: Site, form: QueryDict, by: User, at: datetime) -> None:
    muting.begin_test(
        site, minutes=_number(form, "minutes"), reason=form.get("reason", ""), **_place(form), word=form.get("word", ""),
        contact=_id(form, "contact"), by=by, at=at,
    )  # fmt: skip


def _instruct(site: Site, form: QueryDict, by: User, at: datetime) -> None:
    muting.instruct(
        site, text=form.get("text", ""), minutes=_number(form, "minutes"), word=form.get("word", ""),
        contact=_id(form, "contact"), by=by, at=at,
    )  # fmt: skip


def _expect(site: Site, form: QueryDict, by: User, at: datetime) -> None:
    try:
        starts, ends = (
            datetime.fromisoformat(said).replace(tzinfo=site.zone_info) if (said := form.get(name, "")) else None
            for name in ("starts", "ends")
        )
        people = int(form.get("people", ""))
    except (ValueError, OverflowError) as error:
        raise Refused("form", _("Something here cannot be read. Look at times and numbers again.")) from error
    zone = _place(form).get("zone")
    presence.expect(
        site, kind=form.get("kind", ""), label=form.get("label", ""), people=people, vehicles=bool(form.get("vehicles")),
        zones=[zone] if zone else [], starts_at=starts, ends_at=ends, contact=_id(form, "contact"),
        by=by, at=at,
    )  # fmt: skip


def _arm(armed: bool) -> Begin:
    def act(site: Site, form: QueryDict, by: User, at: datetime) -> None:
        minutes = _number(form, "minutes") if form.get("minutes") else None
        try:
            until = None if minutes is None else at + timedelta(minutes=minutes)
        except OverflowError as error:
            raise Refused("until", _("Choose a time that lies ahead, a month at most."), field="minutes") from error
        arming.arm_by_phone(
            site, armed=armed, until=until, word=form.get("word", ""), contact=_id(form, "contact"), by=by, at=at
        )

    return act


# Who may, one of these; and how.
BEGIN: dict[str, tuple[tuple[Act, ...], Begin]] = {
    "snooze": ((Act.MUTE,), _snooze),
    "test": ((Act.TEST, Act.TEST_VOUCHED), _test),
    "instruct": ((Act.INSTRUCT,), _instruct),
    "expect": ((Act.PRESENCE,), _expect),
    "arm": ((Act.ARM_VOUCHED,), _arm(True)),
    "disarm": ((Act.ARM_VOUCHED,), _arm(False)),
}


def _go_on(pk: UUID, *, by: User, at: datetime) -> Any:
    return muting.renew_storm(pk, minutes=settings.STORM_MIN, by=by, at=at)


END: dict[tuple[str, str], End] = {
    ("muting", "end"): muting.end_muting,
    ("instruction", "end"): muting.end_instruction,
    ("window", "end"): presence.cancel,
    ("storm", "end"): muting.end_storm,
    ("storm", "renew"): _go_on,
}
