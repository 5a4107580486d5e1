"""Every session is two refresh tokens, and one of them is on the block list: a live one has to stay on it."""

from datetime import timedelta

import django_database
from protocol import serve

django_database.set_up(
    "rest_framework", "rest_framework_simplejwt", "rest_framework_simplejwt.token_blacklist"
)

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken

user = django_database.create_user()


def write(expires):
    token, blocked = new_token(expires), new_token(expires)
    blocked.blacklist()
    return f"{token},{blocked}"


def new_token(expires):
    token = RefreshToken()
    token["user_id"] = str(user.id)
    token.set_exp(from_time=expires, lifetime=timedelta())
    token.outstand()
    return token


def accepts(tokens):
    token, blocked = tokens.split(",")
    return is_valid(token) and not is_valid(blocked)


def is_valid(token):
    try:
        RefreshToken(token)
    except TokenError:
        return False
    return True


serve(write, accepts)
