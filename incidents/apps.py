from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("Incidents")

    def ready(self) -> None:
        from cameras.actions import gate as policy_gate
        from incidents import deadlines, desks, drills, gate, opens, reactions, reviews, vitals  # noqa: F401  registers sweeps, …
        from incidents.actions import close_guards, disarming, hushing
        from incidents.audit import rounds  # noqa: F401  and those of the blind audit
        from soc.core import in_incident, retention

        hushing.register()
        close_guards.append(disarming.guard)
        policy_gate.means(gate.Incidents())
        retention.keeps("incidents", opens.keeps)
        in_incident.means(in_incident.Meaning(goes_on=opens.goes_on, proves=opens.proves))
