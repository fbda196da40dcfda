import uuid
from functools import partial
from typing import TYPE_CHECKING

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from soc.core import in_incident
from soc.core.models.tenants import SiteOwned, SiteOwnedQuerySet
from soc.core.rights import Act, scoped

if TYPE_CHECKING:
    from soc.core.models.people import User


def evidence_store() -> Storage:
    return storages["evidence"]


class MediaQuerySet(SiteOwnedQuerySet):
    def visible_to(self, user: "User", act: Act = Act.VIDEO) -> "MediaQuerySet":
        """Who sees pictures only in an incident sees its evidence, and all of a site where one goes on. The ground of a site
        shows nobody: it is seen by whoever sees that the site is there."""
        if act != Act.VIDEO:
            return super().visible_to(user, act)
        reach = partial(scoped, user, organisation="organisation", customer="site__customer", site="site")
        ground = Q(kind=Media.Kind.PLAN) & reach(act=Act.SEE)
        return self.filter(reach(act=act) | (reach(act=Act.VIDEO_IN_INCIDENT) & in_incident.proves()) | ground)


class Media(SiteOwned):
    """A stored picture, clip or recording: a key in the evidence store, never a path, and its hash at writing."""

    class Kind(models.TextChoices):
        CLIP = "clip", _("clip")
        SNAPSHOT = "snapshot", _("snapshot")
        AUDIO = "audio", _("recording")
        PLAN = "plan", _("picture of a plan")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=200, unique=True)
    content_type = models.CharField(max_length=60)
    size = models.PositiveBigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    started_at = models.DateTimeField(help_text="first frame, camera's clock where known")
    duration_s = models.FloatField(default=0)
    # Boxes and track as data beside the picture: {"tracks": [...]}, normalised 0..1, times in seconds from started_at.
    overlay = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    # The row comes before its bytes, so that a crash leaves nothing in the store that no row names.
    writing = models.BooleanField(default=False, help_text="its bytes are not all in the store yet")
    # Erased: from this moment on nobody is shown it; the row stays with its size and hash. The file goes after the row.
    erased_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True, help_text="when the file was really gone")

    objects = MediaQuerySet.as_manager()  # type: ignore[misc]  # narrower than the base's, as meant

    class Meta:
        indexes = [
            models.Index(fields=["site", "created_at"], condition=Q(erased_at=None), name="media_kept"),
            models.Index(
                fields=["erased_at"], condition=Q(erased_at__isnull=False, removed_at=None), name="media_half_erased"
            ),
            models.Index(fields=["created_at"], condition=Q(writing=True), name="media_half_written"),
        ]

    @property
    def there(self) -> bool:
        """Whether there is something to show: all of it written, and not erased."""
        return not self.writing and self.erased_at is None

    @property
    def kept_days(self) -> int:
        """For how many days it was kept, once it is erased."""
        return (self.erased_at - self.created_at).days if self.erased_at else 0

    @staticmethod
    def new_key(site_id: uuid.UUID, kind: str, suffix: str) -> str:
        return f"{site_id}/{kind}/{uuid.uuid4()}.{suffix}"
