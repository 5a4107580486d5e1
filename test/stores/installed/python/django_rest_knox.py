import django_database
from protocol import serve

django_database.set_up("rest_framework", "knox")

from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.models import get_token_model
from rest_framework.exceptions import AuthenticationFailed

user = django_database.create_user()


def write(expires):
    _, token = get_token_model().objects.create(user, expiry=expires - timezone.now())
    return token


def accepts(token):
    try:
        TokenAuthentication().authenticate_credentials(token.encode())
    except AuthenticationFailed:
        return False
    return True


serve(write, accepts)
