from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "soc.portal"
    label = "portal"
    verbose_name = _("Customer portal")

    def ready(self) -> None:
        from soc.core.feed import audiences
        from soc.portal.feed import FACE

        audiences.register(FACE)
