"""The event spine's two tables. Written by soc.core.events, sealed by soc.core.spine, read by everyone."""

from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q


class Event(models.Model):
    """Something that happened, for ever: audit trail, outbox, live feed and source of every report.

    `data` holds ids, codes, numbers and hashes; never names, phone numbers, free text or media.
    `seq`, `prev` and `hash` are NULL until the spine seals the row: serial ids are not in commit order.
    A trigger refuses DELETE, TRUNCATE and every UPDATE but that one.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    organisation = models.ForeignKey("core.Organisation", models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey("core.Customer", models.PROTECT, null=True, related_name="+", db_index=False)
    site = models.ForeignKey("core.Site", models.PROTECT, null=True, related_name="+", db_index=False)
    by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    seq = models.BigIntegerField(null=True, unique=True)
    prev = models.CharField(max_length=64, null=True)  # noqa: DJ001  NULL says: not sealed
    hash = models.CharField(max_length=64, null=True)  # noqa: DJ001

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(seq__isnull=True), name="event_unsealed"),
            models.Index(fields=["organisation", "seq"], name="event_by_organisation"),
            models.Index(fields=["customer", "seq"], name="event_by_customer"),
            models.Index(fields=["site", "seq"], name="event_by_site"),
            models.Index(fields=["by", "seq"], name="event_by_person"),
            models.Index(fields=["subject_id", "id"], name="event_by_subject"),
            BrinIndex(fields=["at"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.seq or '–'} {self.kind}"


class Delivery(models.Model):
    """One reaction owed to one event: queue and history at once. Done is a time, not a deletion."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(Event, models.PROTECT, related_name="deliveries")
    reaction = models.CharField(max_length=80)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "reaction"], name="one_delivery_per_reaction")]
        indexes = [models.Index(fields=["due_at"], condition=Q(done_at__isnull=True), name="delivery_due")]

    def __str__(self) -> str:
        return f"{self.reaction} of {self.event_id}"
