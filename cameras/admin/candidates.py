from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cameras.models import Candidate
from soc.core.admin.bound import ReadOnlyAdmin
from soc.core.admin.record import pretty


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyAdmin):
    """What was noticed and how it was judged; the ignored ones too."""

    list_display = ["captured_at", "site", "camera", "zone", "category", "decision", "priority", "source"]
    list_select_related = ("site", "camera__site", "zone")
    list_filter = ["decision", "category", "source", ("site", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["=id", "=dedup", "site__name"]
    ordering = ["-captured_at"]
    fields = [
        "id", "organisation", "site", "source", "camera", "signal_source", "zone", "category", "dedup", "captured_at",
        "clock_source", "clock_offset_s", "received_at", "judged_at", "decision", "priority", "shown_reasons", "shown_context",
        "shown_evidence", "policy_version", "model_sha256", "clip", "snapshot",
    ]  # fmt: skip

    @admin.display(description=_("reasons"))
    def shown_reasons(self, candidate: Candidate) -> str:
        return pretty(candidate.reasons)

    @admin.display(description=_("context"))
    def shown_context(self, candidate: Candidate) -> str:
        return pretty(candidate.context)

    @admin.display(description=_("evidence"))
    def shown_evidence(self, candidate: Candidate) -> Any:
        return pretty(candidate.evidence)
