"""Settings: every address and secret comes from the environment, with a default that is safe on one machine.

Secrets that are missing are generated on the first run by `soc.ops.secrets` (called from manage.py and make run),
never here and never committed.
"""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

VAR = Path(env("NIGHTDESK_VAR", default=str(BASE_DIR / "var")))
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
FIELD_KEY = env("FIELD_KEY")  # Fernet key(s) for secrets at rest; comma separated, the first one encrypts
HEAD_KEY_FILE = Path(env("HEAD_KEY_FILE", default=str(VAR / "head_key.pem")))

# One public address; Twilio signs it, links carry it, and origin checks are made against it.
PUBLIC_URL = env("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
SECURE = _public.scheme == "https"
ALLOWED_HOSTS = sorted(
    {_public.hostname or "127.0.0.1", "127.0.0.1", "localhost", *env.list("ALLOWED_HOSTS", default=[])}
)
CSRF_TRUSTED_ORIGINS = sorted({PUBLIC_URL, *env.list("TRUSTED_ORIGINS", default=[])})
# Networks of reverse proxies whose X-Forwarded-* headers are believed; empty: nobody's are.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# Bytes of a request, by address: what is sent there is a picture. Everywhere else it is twice the line above.
LARGER_BODIES = {"/admin/cameras/siteplan/[^/]+/picture/": 9_000_000}

INSTALLED_APPS = [
    "soc.core",
    "cameras",
    "incidents",
    "responses",
    "soc.console",
    "soc.portal",
    "soc.api",
    "soc.seed",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "pghistory",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "soc.core.typed.Legible",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "soc.core.typed.NoZeroBytes",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "soc.core.history.HistoryOfPeople",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "soc.urls"
ASGI_APPLICATION = "soc.asgi.application"
WSGI_APPLICATION = "soc.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def database(url: str) -> dict:
    """Read postgres://user:password@host:port/name?host=/socket/folder into Django's form."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "soc.core.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            # A process that was stopped or cut off in the middle of a transaction must not keep a site's or an incident's
            # row for ever: PostgreSQL ends it, and a connection whose other end has gone is noticed in seconds.
            "options": "-c statement_timeout=15000 -c idle_in_transaction_session_timeout=15000",
            "keepalives_idle": 5,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20000,
            **query,
        },
    }


DATABASE_URL = env("DATABASE_URL", default="postgres://nightdesk@127.0.0.1/nightdesk")
DATABASES = {"default": database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
# Celery names a unix socket differently from redis-py.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AXES_VERBOSE = False  # no greeting in every process's log
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_CALLABLE = "soc.core.views.locked_out"
AXES_USERNAME_CALLABLE = "soc.core.views.tried_name"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]

LANGUAGE_CODE = "en"
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR / "static"
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(VAR / "media")))
MODELS_DIR = Path(env("MODELS_DIR", default=str(VAR / "models")))  # detectors dropped in beside the bundled ones
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
    "evidence": {
        "BACKEND": env("EVIDENCE_STORAGE", default="soc.core.store.EvidenceFiles"),
        "OPTIONS": env.json("EVIDENCE_OPTIONS", default={"location": str(MEDIA_ROOT / "evidence")}),
    },
}
WHITENOISE_USE_FINDERS = True

# A site's policy is one form: eight fields for each of its rules.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 6000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Nightdesk",
    "DESCRIPTION": "Signals in, incidents out.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
}

# Who changed a setting is noted where something can change: a page that is only looked at need not load the user for it.
PGHISTORY_MIDDLEWARE_METHODS = ["POST", "PUT", "PATCH", "DELETE"]

# --- Cameras
CAMERA_NETWORKS = env.list("CAMERA_NETWORKS", default=["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"])
WATCH_HOST = env("WATCH_HOST", default="local")  # names the detect queue; watch and detect workers on one host share it
# How many detect workers there are on this host: so many tasks, and one more, are under way at a time.
DETECT_WORKERS = int(env("DETECT_WORKERS", default="") or len(os.sched_getaffinity(0)))
# Each seat wants a free port on its host: the live view is read from the watch process that holds the camera.
WATCH_ADDRESS = env("WATCH_ADDRESS", default="127.0.0.1")
# Frames for the detect workers lie in shared memory, 1.5 bytes a pixel and camera; larger ones are scaled down to this.
SLOT_WIDTH = env.int("SLOT_WIDTH", default=1280)
SLOT_HEIGHT = env.int("SLOT_HEIGHT", default=720)
# Of a picture that is looked at: a camera that claims more (50 MB a picture, a dozen at a time) is read by its small picture.
LOOKED_PIXELS = env.int("LOOKED_PIXELS", default=4096 * 3072)
# "cuda", "vaapi" …; empty, or where it does not work: the processor.
HARDWARE_DECODING = env("HARDWARE_DECODING", default="")

# Of encoded video that may wait in one watch process for a store that is full or slow; then the oldest clips are given up.
EVIDENCE_WAITING_MB = env.int("EVIDENCE_WAITING_MB", default=384)

# --- Telephone
TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN", default="")
TWILIO_FROM = env("TWILIO_FROM", default="+15005550006")
TWILIO_BASE_URL = env("TWILIO_BASE_URL", default="")  # empty: Twilio's own

# --- House values in seconds for priority 1, 2, 3
CLAIM_ALL_S = env.json("CLAIM_ALL_S", default=[10, 30, 120])
CLAIM_SUPERVISOR_S = env.json("CLAIM_SUPERVISOR_S", default=[20, 60, 300])
CLAIM_ONCALL_S = env.json("CLAIM_ONCALL_S", default=[45, 120, 900])
VERDICT_S = env.json("VERDICT_S", default=[30, 60, 300])
# Minutes at most: put aside by priority (an urgent one never is), kept and waited for, away from the desk.
PARK_MIN = env.json("PARK_MIN", default=[0, 30, 480])
WAIT_MIN = env.int("WAIT_MIN", default=480)
BREAK_MIN = env.int("BREAK_MIN", default=60)
# Out of sight and without a deed for so long: whoever handles may take over. A console is heard of every two seconds; longer than
# a page that is loaded again or a network that stumbles.
OWNER_AWAY_S = env.int("OWNER_AWAY_S", default=60)
LATE_S = env.int("LATE_S", default=300)  # older than this when it is queued is late: an outage kept it back
FOLD_WINDOW_S = env.int("FOLD_WINDOW_S", default=600)
TAMPER_PERSON_S = env.int("TAMPER_PERSON_S", default=1800)  # somebody so long after a camera was blinded is a threat
# The same trouble of the same camera is raised again after so long at the earliest; a place that is dark at night is every night.
CONDITION_AGAIN_S = env.json(
    "CONDITION_AGAIN_S", default={"blinded": 600, "moved": 600, "frozen": 600, "slow": 3600, "dark": 72_000}
)
CAMERA_LOST_S = env.int("CAMERA_LOST_S", default=60)
BLIND_AFTER_S = env.float("BLIND_AFTER_S", default=3.0)
WORKERS_WAIT_S = env.float("WORKERS_WAIT_S", default=20.0)  # at most so long a starting watcher waits for the workers
# Minutes at most: by whoever may, and by a supervisor.
SNOOZE_MIN = env.json("SNOOZE_MIN", default=[60, 720])
TEST_MIN = env.json("TEST_MIN", default=[480, 1440])
STORM_MIN = env.int("STORM_MIN", default=120)  # from now, and renewed from then
# What waits for a second person is shown further up after so long, by what is asked for.
APPROVAL_WAIT_S = env.json("APPROVAL_WAIT_S", default={"quiet": 60, "snooze": 900, "address": 14400, "playbook": 28800})
UNDO_S = env.int("UNDO_S", default=8)  # so long an arming by hand can be taken back on the customer's page
EARLY_OPEN_S = env.int(
    "EARLY_OPEN_S", default=7200
)  # opened so long before the usual time is early; before that, unannounced
# The blind audit: the share of what was held back that operators are shown unawares, and at least so many a week and site.
AUDIT_RATE = env.float("AUDIT_RATE", default=0.02)  # 0: nothing is drawn
AUDIT_LEAST_A_WEEK = env.int("AUDIT_LEAST_A_WEEK", default=1)
AUDIT_KNOWN_A_WEEK = env.float("AUDIT_KNOWN_A_WEEK", default=3)  # known intrusions, of a centre's customers together
AUDIT_KNOWN_AGAIN_DAYS = env.int("AUDIT_KNOWN_AGAIN_DAYS", default=60)  # the same one is not shown sooner
AUDIT_MOST_A_SHIFT = env.int("AUDIT_MOST_A_SHIFT", default=4)  # of a centre, in eight hours
AUDIT_WAIT_MIN = env.json(
    "AUDIT_WAIT_MIN", default=[5, 25]
)  # a case that may not come now is looked at again after so long
AUDIT_GIVEN_UP_DAYS = env.int("AUDIT_GIVEN_UP_DAYS", default=8)
# Handling targets from detection to the verdict, for priority 1, 2, 3: [seconds, percent] soon, and nearly all.
HANDLING_TARGETS = env.json(
    "HANDLING_TARGETS", default=[[[30, 80], [60, 98.5]], [[90, 80], [180, 98.5]], [[90, 80], [180, 98.5]]]
)
# Papers that every operator must show; one that is there and out of force ends no shift but begins none either.
SHIFT_NEEDS = env.list("SHIFT_NEEDS", default=[])
PRESENCE_IDLE_S = env.int("PRESENCE_IDLE_S", default=600)  # no key and no press for so long: are you there?
PRESENCE_LONE_S = env.int("PRESENCE_LONE_S", default=300)  # of one who is alone
PRESENCE_ANSWER_S = env.int("PRESENCE_ANSWER_S", default=60)
ASLEEP_S = env.int("ASLEEP_S", default=15)  # a page out of sight for so long loses a claim on which nothing was done
LOAD_LINE = env.int("LOAD_LINE", default=10)  # incidents that one operator takes well in ten minutes (EEMUA 191)
REVIEW_RATE = env.float("REVIEW_RATE", default=0.05)  # share of closed incidents that are drawn for quality review
RESPONDER_ANSWER_S = env.json("RESPONDER_ANSWER_S", default=[30, 60, 120])
RESPONDER_LINK_S = env.int("RESPONDER_LINK_S", default=4 * 3600)  # from the order on
RESPONDER_LINK_CLOSED_S = env.int("RESPONDER_LINK_CLOSED_S", default=30 * 60)  # after the incident was closed

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"class": "soc.core.logs.WithoutLinks", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Named without handlers: Django's own would write what it logs a second time, and with the links in it.
    "loggers": {"django": {"level": "NOTSET"}, "django.server": {"level": "NOTSET", "propagate": True}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", default="INFO")},
}
