"""The same application without any middleware: what Django costs by itself."""

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

django.setup()
settings.MIDDLEWARE = []  # after the apps have looked at it: allauth will not load without its own
application = WSGIHandler()
