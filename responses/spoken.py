"""What the recordings in static/voice say, word for word. English: spoken once, by responses/voice/make.py."""

SPOKEN = {
    "live-camera": "You there: this is private property and you are on live camera. Leave now.",
    "recorded": "You are being recorded. Leave by the way you came.",
    "on-the-way": "You are being monitored. Law enforcement is on the way.",
    "guard-on-the-way": "You are being monitored. A security guard is on the way.",
}

# What must have happened before a recording says the truth; whatever a message with it was published with.
TRUE_ONCE = {"on-the-way": "law_enforcement_called", "guard-on-the-way": "guard_called"}
