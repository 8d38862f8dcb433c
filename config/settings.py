"""One settings file for every place Tresen runs in; what differs comes from the environment (docs/running.md)."""

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from config.broker import broker_url, client_url
from config.database import database_settings
from config.logs import logging_settings
from config.mails import OVER_TLS, anymail_settings, backend_of

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("TRESEN_VAR", BASE_DIR / "var"))


def flag(name: str, *, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


DEBUG = flag("DEBUG", default=False)
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("TRUSTED_ORIGINS", "").split(",") if origin]
# Secure cookies and HSTS need TLS; only a trial on this machine does without.
HTTPS = flag("HTTPS", default=True)
# Where links in mails lead that no request causes.
SITE_URL = os.environ.get("SITE_URL") or (
    f"https://{ALLOWED_HOSTS[0]}" if HTTPS else f"http://{ALLOWED_HOSTS[0]}:{os.environ.get('PORT') or 8000}"
)

INSTALLED_APPS = [
    "config.operator.OperatorConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "django_htmx",
    "import_export",
    "template_partials",
    "portal",
    "packages",
    "bookings",
    "reviews",
    "marketplace",
    "invoicing",
]

MIDDLEWARE = [
    "config.logs.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "marketplace.api.lane.ApiLane",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.middleware.RequestLimits",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.SessionLimits",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.staff.middleware.DeskGuard",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "portal.context.shell",
            ],
            "libraries": {"lucide": "portal.icons"},
        },
    },
]

DATABASES = {
    "default": database_settings(
        os.environ.get("DATABASE_URL", "postgresql:///tresen"),
        pool_size=int(os.environ.get("DATABASE_POOL", "0")),
    ),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = client_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
# Nothing that must be kept lives here: sessions, lockouts and jobs are in PostgreSQL.
# It counts wrong codes and links. Django keeps 300 rows and drops any others: whoever fills it would be let go.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
    # What each page repeats word for word (templates/base.html): drawn once in a process.
    "fragments": {
        "BACKEND": f"django.core.cache.backends.{'dummy.DummyCache' if DEBUG else 'locmem.LocMemCache'}",
        "LOCATION": "fragments",
        "TIMEOUT": None,
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "portal.accounts.AccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_SESSION_REMEMBER = True  # no tick box: SessionLimits decides how long
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# One address against one person is axes' business below; this stops many addresses against one, and one against many.
ACCOUNT_RATE_LIMITS = {"login_failed": "100/15m/ip,30/15m/key", "second_step": "10/15m/key", "accept": "30/15m/ip"}
MFA_ADAPTER = "portal.accounts.MFAAdapter"
MFA_FORMS = {
    "authenticate": "portal.accounts.SecondStepForm",
    "reauthenticate": "portal.accounts.SecondStepAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up: an address was verified by its invitation, or by the operator
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # only this machine: browsers know no passkeys without TLS elsewhere
MFA_TOTP_ISSUER = "Tresen"
MFA_TOTP_TOLERANCE = 1  # a telephone's clock may be half a minute off

# How many proxies of ours stand before the web server; X-Forwarded-For is believed that far and no further.
PROXIES = int(os.environ.get("PROXIES", "1" if flag("BEHIND_PROXY", default=False) else "0"))
# Lockouts are rows in PostgreSQL: nothing that flushes a cache forgets them.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "portal.accounts.locked_out"
AXES_CLIENT_IP_CALLABLE = "portal.accounts.client_ip"
AXES_USERNAME_CALLABLE = "portal.accounts.typed_email"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_PASSWORD", "")
EMAIL_USE_SSL = flag("EMAIL_TLS", default=True) and EMAIL_PORT == OVER_TLS
EMAIL_USE_TLS = flag("EMAIL_TLS", default=True) and not EMAIL_USE_SSL
EMAIL_TIMEOUT = 10  # seconds for each answer but the last (portal.mail_smtp)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("EMAIL_FROM") or "Tresen <tresen@localhost>"
# Where questions about invoices and late payouts arrive; empty: at the operator's own login.
OPERATOR_EMAIL = os.environ.get("OPERATOR_EMAIL", "")
# Without a server or provider, mails are kept for the operator to read at /mail/.
EMAIL_BACKEND = backend_of(os.environ)
ANYMAIL = anymail_settings(os.environ)

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("nl", "Nederlands")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", VAR_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT", VAR_DIR / "media"))

# Celery is the doorbell only: a message that is lost, late or doubled must be harmless. No eta or countdown beyond 60 s
# (longer waits are a column), no results.
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 660,  # more than twice CELERY_TASK_TIME_LIMIT, or a running task is given out again
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,  # without it, ringing hangs on a broker that accepts and never answers
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "global_keyprefix": "tresen:",
}
CELERY_TIMEZONE = "UTC"  # local days are computed in code: a local crontab skips an hour when the clock changes
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULE = {
    # The only entry: what is due by the clock, the workers find out from the database (portal/jobs/schedule.py).
    "poll": {"task": "portal.drain", "schedule": 5.0, "kwargs": {"rung_by": "beat"}, "options": {"expires": 15}},
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # the attempts of the job row end the loop of a job that kills its worker
CELERY_TASK_IGNORE_RESULT = True
# Seconds: three times what writing or taking back the largest import takes (docs/import.md).
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT = 280, 300
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_WORKER_POOL = "prefork"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 200_000  # KiB
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20  # seconds

# Whether marketplaces may have addresses in private networks and without TLS: only for the demo, and for who runs all
# of it in one network (SSRF, S12).
PRIVATE_TARGETS = flag("PRIVATE_TARGETS", default=False)
# How far the clock of who sends us a webhook may be off. Copies are known by their id however old they are.
WEBHOOK_TOLERANCE = timedelta(minutes=int(os.environ.get("WEBHOOK_TOLERANCE", "15")))

# Where the sandbox marketplace listens, for the demo.
SANDBOX_ADDRESS = (
    os.environ.get("SANDBOX_ADDRESS") or f"http://127.0.0.1:{int(os.environ.get('PORT') or 8000) + 1}/hooks/"
)
# When marketplaces take a check-in: from so many minutes before the start until so many after the end, and corrections
# for so many hours after it. By the marketplace's key; "" is for those that say nothing else.
MARKETPLACE_CHECK_INS = {"": {"opens_minutes": 60, "closes_minutes": 30, "corrected_hours": 72}}
# How many calls each marketplace may make to our API in ten seconds.
API_CALLS = int(os.environ.get("API_CALLS", "600"))

LOGGING = logging_settings(os.environ.get("LOG_LEVEL", "INFO"))

# A login ends 14 days after it was made, and earlier when nothing of it was seen for a day.
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_IDLE = timedelta(days=1)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "tresen_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "tresen_csrf"
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = ["^livez$", "^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("BEHIND_PROXY", default=False) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MAX_BODY = 8 * 2**20  # bytes of one request, all files included; what is larger is refused unread
# Where who is logged in may send more: a marketplace's statement of a large house.
# So that the form says by how much one is too large: what is attached to a question to the operator.
LARGE_BODIES = (
    (r"/[^/]+/invoices/statements/", 49 * 2**20),
    (r"/[^/]+/support/(ask|questions/[^/]+/reply)/", 40 * 2**20),
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20  # bytes of it that are not files
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
# A file that each backup leaves behind: its age is told on the status page. Empty: it is not known.
BACKUP_FILE = os.environ.get("BACKUP_FILE", "")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    },
}
