"""Django, configured for the database of the test, with the tables of some applications in it."""

import django
from django.conf import settings
from django.core.management import call_command

from protocol import database


def set_up(*applications, **options):
    settings.configure(
        USE_TZ=True,
        SECRET_KEY="a key for sample sessions, long enough for any algorithm that signs",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", *applications],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": database.path[1:],
                "USER": database.username,
                "PASSWORD": database.password or "",
                "HOST": database.hostname,
                "PORT": database.port,
            }
        },
        **options,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def create_user():
    from django.contrib.auth.models import User

    return User.objects.create_user("user")
