"""Evidence in and out: written once with its hash, served by one authorised view that answers Range."""

import hashlib
import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from soc.core import clock, events
from soc.core.models import Event, Media, Site, User
from soc.core.models.media import evidence_store

log = logging.getLogger(__name__)

CHUNK = 256 * 1024
KEPT = timedelta(minutes=10)  # how long a browser may keep what it was sent


def store(
    site: Site, *, kind: str, content: bytes, content_type: str, suffix: str, started_at: datetime, at: datetime,
    duration_s: float = 0.0, overlay: dict[str, Any] | None = None,
) -> Media:  # fmt: skip
    """Write bytes to the evidence store and their row; the hash is of what was handed in, taken before writing.

    The row comes first, so that nothing is ever in the store that no row names; it counts once all of it is written.
    Raises OSError where the store cannot take it: then it is as if nothing had been tried.
    """
    media = Media(
        site=site, kind=kind, key=Media.new_key(site.pk, kind, suffix), content_type=content_type, size=len(content),
        sha256=hashlib.sha256(content).hexdigest(), started_at=started_at, duration_s=duration_s,
        overlay=overlay or {}, created_at=at, writing=True,
    )  # fmt: skip
    media.save()
    try:
        evidence_store().save(media.key, ContentFile(content))
    except BaseException:
        Media.objects.filter(pk=media.pk).delete()  # if that fails too, housekeeping finds it
        raise
    media.writing = False
    media.save(update_fields=["writing"])
    return media


def asked_range(header: str, size: int) -> tuple[int, int] | bool | None:
    """(first, last) of a single byte range, None to send everything, False when it cannot be satisfied (416).

    Forms that RFC 9110 lets a server ignore (other units, several ranges, nonsense) get everything.
    """
    # Eighteen digits are more bytes than there are; longer ones Python refuses to read at some length.
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header.strip(), re.IGNORECASE)
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        return (max(0, size - length), size - 1) if length and size else False
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if start >= size:
        return False
    return (start, end) if start <= end else None


def _slice(file: IO[bytes], first: int, last: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


def opened(item: Media) -> IO[bytes] | None:
    """Its bytes, to be closed by the caller; None where the store has lost them, which the log is told."""
    try:
        return evidence_store().open(item.key)
    except FileNotFoundError:
        log.error("evidence missing: %s", item.key)
        return None


def record_view(item: Media, *, by: User | None, at: datetime, **codes: UUID) -> None:
    """Record that somebody sees it now, once in `KEPT`. `codes` tell viewers without a log-in apart. The ground of a site, which
    every page of an incident shows, is nobody's picture: looking at it is no deed."""
    if item.kind == Media.Kind.PLAN:
        return
    lately = Event.objects.filter(subject_id=item.pk, kind="media.viewed", by=by, at__gt=at - KEPT)
    if not lately.filter(**{f"data__{name}": str(value) for name, value in codes.items()}).exists():
        with transaction.atomic():
            events.record("media.viewed", item, by=by, at=at, sha256=item.sha256, **codes)


def erased_words(item: Media) -> str:
    """For whoever looks for what is not kept any more."""
    words = ngettext("Erased after %(days)d day", "Erased after %(days)d days", item.kept_days)
    return words % {"days": item.kept_days}


@require_safe
@login_required
def media(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A stored picture or clip, for whoever may see it, 410 in words once it is erased; 404 for everybody else.

    Viewing is recorded once for what a browser may keep (`KEPT`), whichever bytes are asked for first: not for each
    of a player's range requests, and nobody sees anything unrecorded by leaving out the first byte.
    """
    item = get_object_or_404(Media.objects.visible_to(request.user), pk=pk, writing=False)  # type: ignore[arg-type]
    if item.erased_at is not None:
        return HttpResponse(
            erased_words(item),
            status=410,
            content_type="text/plain; charset=utf-8",
            headers={"Cache-Control": "no-store"},
        )
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={int(KEPT.total_seconds())}",
        "ETag": f'"{item.sha256}"',
        "Content-Disposition": "inline",
        "X-Content-Type-Options": "nosniff",
    }
    header = request.headers.get("Range", "")
    if header and request.headers.get("If-Range", headers["ETag"]) != headers["ETag"]:
        header = ""
    wanted = asked_range(header, item.size) if header else None
    if wanted is False:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{item.size}", **headers})
    first, last = (0, item.size - 1) if wanted is None or wanted is True else wanted
    status = 200 if wanted is None else 206
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{last}/{item.size}"
    headers["Content-Length"] = str(last - first + 1)
    file = opened(item)
    if file is None:
        raise Http404
    if request.method == "HEAD":
        file.close()
        return HttpResponse(status=status, content_type=item.content_type, headers=headers)
    body = _slice(file, first, last)
    record_view(item, by=request.user, at=clock.now())  # type: ignore[arg-type]
    return StreamingHttpResponse(body, status=status, content_type=item.content_type, headers=headers)
