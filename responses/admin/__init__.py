"""Administration of responses: playbooks and messages by version, responders, attempts to be read."""

from responses.admin import attempts, responders, versions  # noqa: F401  registers the pages
