import os

from django.core.wsgi import get_wsgi_application

from marketplace.sandbox.running import courier

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.sandbox.settings")

application = get_wsgi_application()
courier()  # what an earlier run left to be sent is sent
