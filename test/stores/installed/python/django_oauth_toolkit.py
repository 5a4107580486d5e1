"""One kind of row of django-oauth-toolkit, by the first argument. An id names all rows that have to be as they were."""

import sys
import uuid
from datetime import timedelta

import django_database
from protocol import serve

django_database.set_up("oauth2_provider")

from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, Grant, IDToken, RefreshToken

HOUR = timedelta(hours=1)

user = django_database.create_user()
application = Application.objects.create(
    client_type=Application.CLIENT_CONFIDENTIAL,
    authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
)
common = {"user": user, "application": application}


def new_access_token(expires, **fields):
    return AccessToken.objects.create(expires=expires, token=str(uuid.uuid4()), **fields, **common)


def new_refresh_token(access_token):
    return RefreshToken.objects.create(
        access_token=access_token, token=str(uuid.uuid4()), **common
    )


def write_grant(expires):
    return Grant.objects.create(expires=expires, code=str(uuid.uuid4()), **common).code


def accepts_grant(code):
    return any(not grant.is_expired() for grant in Grant.objects.filter(code=code))


def write_refresh_token(expires):
    """The expired one is revoked, after it was exchanged for another access token, which is live."""
    token = new_refresh_token(new_access_token(expires))
    if expires < timezone.now():
        new_access_token(timezone.now() + HOUR, source_refresh_token=token)
        token.revoke()
    return token.token


def accepts_refresh_token(text):
    return RefreshToken.objects.filter(
        token=text, revoked__isnull=True, access_token__isnull=False
    ).exists()


def write_access_token(expires):
    """With each live one, an expired one that a refresh token needs."""
    token = new_access_token(expires).token
    if expires < timezone.now():
        return token
    return f"{token},{new_refresh_token(new_access_token(timezone.now() - HOUR)).token}"


def accepts_access_token(tokens):
    token, refresh_token = tokens.split(",")
    is_valid = any(found.is_valid() for found in AccessToken.objects.filter(token=token))
    return is_valid and accepts_refresh_token(refresh_token)


def write_id_token(expires):
    """With each live one, an expired one that an access token needs: it would be deleted with it."""
    token = str(IDToken.objects.create(expires=expires, **common).jti)
    if expires < timezone.now():
        return token
    needed = IDToken.objects.create(expires=timezone.now() - HOUR, **common)
    return f"{token},{new_access_token(expires, id_token=needed).token}"


def accepts_id_token(tokens):
    jti, access_token = tokens.split(",")
    is_valid = any(found.is_valid() for found in IDToken.objects.filter(jti=jti))
    return is_valid and AccessToken.objects.filter(token=access_token, id_token__isnull=False).exists()


KINDS = {
    "grants": (write_grant, accepts_grant),
    "refresh-tokens": (write_refresh_token, accepts_refresh_token),
    "access-tokens": (write_access_token, accepts_access_token),
    "id-tokens": (write_id_token, accepts_id_token),
}

serve(*KINDS[sys.argv[1]])
