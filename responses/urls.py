from django.urls import path

from responses import views

urlpatterns = [
    path("voice/<uuid:attempt_id>", views.voice, name="twilio-voice"),
    path("gather/<uuid:attempt_id>", views.gather, name="twilio-gather"),
    path("status/<uuid:attempt_id>", views.status, name="twilio-status"),
    path("sms", views.sms, name="twilio-sms"),
]
