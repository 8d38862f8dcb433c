from django.contrib.admin.apps import AdminConfig


class OperatorConfig(AdminConfig):
    """Django's admin, with the operator's own site."""

    default_site = "portal.admin_site.OperatorSite"
