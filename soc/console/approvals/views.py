"""The page of what waits for a second person, and its three acts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from cameras.errors import Refused as NotSensed
from incidents.errors import Refused as NotHandled
from soc.console.approvals import reads
from soc.console.readiness.views import whoever_may
from soc.core import approving, clock
from soc.core.models import Approval
from soc.core.rights import Act


@whoever_may(Act.APPROVALS)
@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits for one's word, and what one has asked for."""
    return _page(request)


@whoever_may(Act.APPROVALS)
@require_POST
def act(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Grant, refuse or withdraw; 409 with the words of a refusal."""
    user: Any = request.user
    said = request.POST.get("said", "")
    if verb not in {"grant", "refuse", "withdraw"} or not approving.concerns(user, pk, own=verb == "withdraw"):
        raise Http404
    at = clock.now()
    try:
        if verb == "grant":
            approving.grant(pk, by=user, at=at, said=said)
        elif verb == "refuse":
            approving.refuse(pk, by=user, at=at, said=said)
        else:
            approving.withdraw(pk, by=user, at=at)
    except (approving.Refused, NotSensed, NotHandled) as refused:
        return _page(request, pk, str(refused.message))
    except ValidationError as wrong:
        return _page(request, pk, " ".join(wrong.messages))
    except Approval.DoesNotExist as error:
        raise Http404 from error
    return redirect("console-approvals")


def _page(request: HttpRequest, where: UUID | None = None, refused: str = "") -> HttpResponse:
    """`where`: whose form was refused, with these words; what was typed comes back."""
    user: Any = request.user
    facts = reads.page(user, at=clock.now()) | {
        "where": where,
        "refused": refused,
        "said": request.POST.get("said", ""),
    }
    return render(request, "console/approvals/approvals.html", facts, status=409 if refused else 200)
