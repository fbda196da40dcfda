"""Administration of sensing: sites with their arming and plans, cameras with their zones, sources, contacts, candidates."""

from cameras.admin import cameras, candidates, contacts, plans, sites, sources  # noqa: F401  registers the pages
