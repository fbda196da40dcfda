"""Administration of sensing: sites with their arming, cameras with their zones, signal sources, candidates."""

from cameras.admin import cameras, candidates, sites, sources  # noqa: F401  registers the pages
