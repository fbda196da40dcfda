"""Calls promised and callers to beware of: a page on the desk. What they are is `incidents.models.calls`."""
