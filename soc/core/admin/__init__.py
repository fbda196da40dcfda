"""Administration: Django's admin, bound to what the administrator's memberships cover.

`bound.py` is what every page builds on, `scope.py` says which rows an administrator has. Each app registers its own.
"""

from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from soc.core.admin import people, record, tenants  # noqa: F401  registers the pages

admin.site.site_header = _("Nightdesk administration")
admin.site.site_title = _("Nightdesk")
admin.site.index_title = _("Settings")
# Rights are memberships: Django's groups would be a second, silent way to give some.
admin.site.unregister(Group)
