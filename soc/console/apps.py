from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "soc.console"
    label = "console"

    def ready(self) -> None:
        from soc.console import strip
        from soc.console.shift import views as shift
        from soc.core import leaving
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
                many=strip.many,
            )
        )
        leaving.guards.append(shift.before_logging_out)
