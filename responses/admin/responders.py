from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from responses.models import Responder
from soc.core.admin.bound import BoundAdmin
from soc.core.admin.scope import Covered, bind, within


@bind(Responder)
def _responders(held: Covered) -> Any:
    return within(held, organisation="organisation")


class ResponderForm(forms.ModelForm):
    class Meta:
        model = Responder
        fields = ["organisation", "name", "kind", "phone", "minutes", "rank", "enabled", "customers"]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        organisation = said.get("organisation") or getattr(self.instance, "organisation", None)
        strangers = [c for c in said.get("customers", ()) if organisation and c.organisation_id != organisation.pk]
        if strangers:
            words = _("%(customer)s is not a customer of %(organisation)s.")
            raise ValidationError({"customers": words % {"customer": strangers[0], "organisation": organisation}})
        return said


@admin.register(Responder)
class ResponderAdmin(BoundAdmin):
    form = ResponderForm
    list_display = ["name", "kind", "organisation", "rank", "minutes", "enabled"]
    list_select_related = ["organisation"]
    list_filter = ["enabled", "kind", ("organisation", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name"]
    filter_horizontal = ["customers"]
    fixed = ("organisation",)

    def used(self, obj: Any) -> bool:
        return obj.attempts.exists()
