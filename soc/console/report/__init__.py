"""The shift report: what a shift came to, on paper too."""
