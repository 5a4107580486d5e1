import django_database
from protocol import serve

django_database.set_up("django.contrib.sessions")

from django.contrib.sessions.backends.db import SessionStore


def write(expires):
    session = SessionStore()
    session["user"] = "somebody"
    session.set_expiry(expires)
    session.save()
    return session.session_key


def accepts(key):
    return "user" in SessionStore(key)


serve(write, accepts)
