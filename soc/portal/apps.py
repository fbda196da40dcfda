from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "soc.portal"
    label = "portal"
