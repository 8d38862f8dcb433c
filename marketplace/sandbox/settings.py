"""Django for the sandbox's pages: templates, forms and CSRF; no models, no accounts, no database of Django's."""

from csp.constants import NONE, SELF

from marketplace.sandbox.environment import environment
from marketplace.sandbox.keys import secret_key

LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("nl", "Nederlands")]
LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = str(environment().zone)

SECRET_KEY = secret_key(environment().var)
# Against addresses that a stranger's page makes point to this machine.
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", environment().host]
ROOT_URLCONF = "marketplace.sandbox.urls"
INSTALLED_APPS = ["django.contrib.messages", "django.contrib.staticfiles", "csp", "marketplace.sandbox"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "marketplace.sandbox.views.context",
            ]
        },
    },
]

# Another port of the same host shares cookies with us: these must not be Tresen's.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_NAME = "sandbox_session"
CSRF_COOKIE_NAME = "sandbox_csrf"
LANGUAGE_COOKIE_NAME = "sandbox_language"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
