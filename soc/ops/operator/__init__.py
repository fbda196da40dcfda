"""A scripted operator: works through the same pages, forms and socket as a person's browser. For smoke, bench and faults."""
