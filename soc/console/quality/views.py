"""The pages of quality. Each view parses, acts and renders."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from incidents.actions import reviewing
from incidents.errors import Refused
from incidents.models import Incident, Review
from soc.console.quality import reads
from soc.console.readiness.views import whoever_may
from soc.core import clock
from soc.core.rights import Act


@whoever_may(Act.SEE)
@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    """For reviewers what is to do and what was done; an operator is led to their own."""
    user: Any = request.user
    if not user.may_anywhere(Act.REVIEW):
        return _own(request)
    return render(request, "console/quality/quality.html", reads.overview(user, at=clock.now()))


@whoever_may(Act.CONSOLE)
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """What others made of this operator's incidents."""
    return _own(request)


def _own(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if not user.may_anywhere(Act.CONSOLE):
        raise Http404
    return render(request, "console/quality/own.html", {"rows": reads.own(user)})


@whoever_may(Act.SEE)
@require_safe
def one(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One review; its operator has read it by this."""
    return _one(request, pk)


def _one(request: HttpRequest, pk: UUID, refused: Refused | None = None) -> HttpResponse:
    user: Any = request.user
    facts = reads.one(user, pk)
    if facts is None:
        raise Http404
    if facts["own"] and facts["review"].done_at is not None:
        reviewing.read_review(pk, by=user, at=clock.now())
    given = {code: request.POST.get(f"score-{code}", "") for code in reviewing.CRITERIA} if refused else {}
    facts |= {"refused": refused, "given": given, "words": request.POST.get("words", "")}
    return render(request, "console/quality/one.html", facts, status=409 if refused else 200)


@whoever_may(Act.REVIEW)
@require_POST
def score(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The scores of one review."""
    user: Any = request.user
    try:
        words = request.POST.get("words", "")
        reviewing.score_review(pk, scores=_scores(request.POST), words=words, by=user, at=clock.now())
    except Review.DoesNotExist as error:
        raise Http404 from error
    except Refused as refused:
        return _one(request, pk, refused)
    return redirect("console-quality-one", pk=pk)


@whoever_may(Act.REVIEW)
@require_POST
def choose(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Look at this incident too."""
    user: Any = request.user
    try:
        review = reviewing.choose_review(pk, by=user, at=clock.now())
    except Incident.DoesNotExist as error:
        raise Http404 from error
    except Refused as refused:
        facts = reads.overview(user, at=clock.now()) | {"refused": refused}
        return render(request, "console/quality/quality.html", facts, status=409)
    return redirect("console-quality-one", pk=review.pk)


def _scores(form: QueryDict) -> dict[str, int | None]:
    """Each criterion as it was given; "na" does not apply. Raises Refused for what is missing or no number."""
    found: dict[str, int | None] = {}
    for code in reviewing.CRITERIA:
        said = form.get(f"score-{code}", "")
        if said != "na" and not (said.isascii() and said.isdigit()):
            raise Refused("scores", _("Score each point from 0 to 4, or say that it does not apply."))
        found[code] = None if said == "na" else int(said[:3])
    return found
