"""What the recordings in static/voice say, word for word. English: spoken once, by responses/voice/make.py."""

SPOKEN = {
    "live-camera": "You there: this is private property and you are on live camera. Leave now.",
    "recorded": "You are being recorded. Leave by the way you came.",
    "on-the-way": "You are being monitored. Law enforcement is on the way.",
}
