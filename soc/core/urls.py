from django.contrib.auth import views as auth
from django.urls import path

from soc.core import media

urlpatterns = [
    path(
        "login/",
        auth.LoginView.as_view(template_name="core/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("media/<uuid:pk>", media.media, name="media"),
]
