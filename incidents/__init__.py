"""Incidents: what deserves a human. Folding, handling, the response clock. Imports cameras and the core, nothing below."""
