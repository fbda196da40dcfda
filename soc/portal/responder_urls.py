from django.urls import path

from soc.portal import responder

urlpatterns = [
    path("<str:token>", responder.page, name="responder"),
    path("<str:token>/picture/<uuid:pk>", responder.picture, name="responder-picture"),
    path("<str:token>/<slug:answer>", responder.answer, name="responder-answer"),
]
