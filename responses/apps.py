from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ResponsesConfig(AppConfig):
    name = "responses"
    verbose_name = _("Responses")

    def ready(self) -> None:
        from incidents.actions import close_guards
        from responses import deadlines, reactions  # noqa: F401  registers sweeps and reactions
        from responses.actions.playbooks import missing

        if missing not in close_guards:
            close_guards.append(missing)
