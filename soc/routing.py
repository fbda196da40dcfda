from django.urls import URLPattern, path

from soc.console.live import LiveConsumer
from soc.core.feed.consumer import FeedConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/feed", FeedConsumer.as_asgi()),
    path("ws/live/<uuid:pk>", LiveConsumer.as_asgi()),
]
