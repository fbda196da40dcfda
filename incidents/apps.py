from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("Incidents")

    def ready(self) -> None:
        from incidents import deadlines, opens, reactions  # noqa: F401  registers sweeps and reactions
        from incidents.audit import rounds  # noqa: F401  and those of the blind audit
        from soc.core import in_incident, retention

        retention.keeps("incidents", opens.keeps)
        in_incident.means(in_incident.Meaning(goes_on=opens.goes_on, proves=opens.proves))
