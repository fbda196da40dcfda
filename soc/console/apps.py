from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "soc.console"
    label = "console"

    def ready(self) -> None:
        from soc.console import strip
        from soc.core.feed import audiences
        from soc.core.rights import Act

        audiences.register(
            audiences.Face(
                name="ops",
                act=Act.CONSOLE,
                kinds=strip.KINDS,
                rows=strip.rows,
                snapshot=strip.snapshot,
                beat=strip.beat,
            )
        )
