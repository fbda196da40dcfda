from django.contrib.auth import views as auth
from django.urls import path

from soc.core import media
from soc.core.leaving import LogOut

urlpatterns = [
    path(
        "login/",
        auth.LoginView.as_view(template_name="core/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogOut.as_view(), name="logout"),
    path("media/<uuid:pk>", media.media, name="media"),
]
