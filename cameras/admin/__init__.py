"""Administration of sensing: sites with their arming, cameras with their zones, signal sources, contacts, candidates."""

from cameras.admin import cameras, candidates, contacts, sites, sources  # noqa: F401  registers the pages
