"""Access tokens or refresh tokens of Synapse, by the first argument, written and read by its own storage layer."""

import sys
import threading
import time
import uuid

from synapse.config.homeserver import HomeServerConfig
from synapse.server import HomeServer
from synapse.storage import DataStore
from twisted.internet import defer, reactor, threads

from protocol import database, serve

USER = "@user:example.com"


class Server(HomeServer):
    DATASTORE_CLASS = DataStore


config = HomeServerConfig()
config.parse_config_dict(
    {
        "server_name": "example.com",
        "report_stats": False,
        "macaroon_secret_key": "a key for sample sessions",
        "signing_key": "ed25519 a_1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "trusted_key_servers": [],
        "database": {
            "name": "psycopg2",
            "allow_unsafe_locale": True,
            "args": {
                "dbname": database.path[1:],
                "user": database.username,
                "password": database.password,
                "host": database.hostname,
                "port": database.port,
                "cp_min": 1,
                "cp_max": 2,
            },
        },
    },
    "",
    "",
)
server = Server("example.com", config=config, reactor=reactor)
server.setup()
store = server.get_datastores().main


def wait_for(function, *args, **fields):
    return threads.blockingCallFromThread(
        reactor, lambda: defer.ensureDeferred(function(*args, **fields))
    )


def write_access_token(expires):
    token = str(uuid.uuid4())
    milliseconds = int(expires.timestamp() * 1000)
    wait_for(store.add_access_token_to_user, USER, token, "device", milliseconds)
    return token


def accepts_access_token(token):
    found = wait_for(store.get_user_by_access_token, token)
    return found is not None and found.valid_until_ms > time.time() * 1000


def write_refresh_token(expires):
    """With an access token that has expired: it goes with its refresh token, and stays with a live one."""
    token = str(uuid.uuid4())
    milliseconds = int(expires.timestamp() * 1000)
    added = wait_for(
        store.add_refresh_token_to_user, USER, token, "device", milliseconds, milliseconds
    )
    access_token = f"{token}-access"
    wait_for(
        store.add_access_token_to_user, USER, access_token, "device", 1, refresh_token_id=added
    )
    return token


def accepts_refresh_token(token):
    found = wait_for(store.lookup_refresh_token, token)
    access_token = wait_for(store.get_user_by_access_token, f"{token}-access")
    return found is not None and found.expiry_ts > time.time() * 1000 and access_token is not None


KINDS = {
    "access-tokens": (write_access_token, accepts_access_token),
    "refresh-tokens": (write_refresh_token, accepts_refresh_token),
}

threading.Thread(target=reactor.run, args=(False,), daemon=True).start()
wait_for(store.register_user, USER)
serve(*KINDS[sys.argv[1]])
