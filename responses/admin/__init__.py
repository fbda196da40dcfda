"""Administration of responses: playbooks and messages by version, responders, relays, attempts to be read."""

from responses.admin import attempts, relays, responders, versions  # noqa: F401  registers the pages
