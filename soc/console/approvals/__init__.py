"""What waits for a second person: the page, and what the pane and the wall tell of it. Deciding is `soc.core.approving`."""
