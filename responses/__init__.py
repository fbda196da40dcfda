"""Responses: playbooks, voice at the site, calls and texts to responders. Imports incidents and upstream only."""
