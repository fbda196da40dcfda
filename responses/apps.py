from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ResponsesConfig(AppConfig):
    name = "responses"
    verbose_name = _("Responses")

    def ready(self) -> None:
        from incidents.actions import close_guards, undoing
        from responses import deadlines, publishing, reactions  # noqa: F401  registers sweeps and reactions
        from responses.actions import playbooks

        publishing.register()
        if playbooks.missing not in close_guards:
            close_guards.append(playbooks.missing)
        undoing.reversers["incident.step_done"] = undoing.reversers["incident.step_skipped"] = playbooks.take_step_back
        if playbooks.spoken_since not in undoing.obstacles:
            undoing.obstacles.append(playbooks.spoken_since)
