"""How the tests talk to a program that has a library at work: lines on its standard input and output."""

import os
import sys
from datetime import datetime
from urllib.parse import urlsplit

database = urlsplit(os.environ["DATABASE_URL"])


def serve(write, accepts):
    """Answers `write <instant>` with the id of a new session, and `accepts <id>` with true or false."""
    print("ready", flush=True)
    for line in sys.stdin:
        verb, argument = line.split()
        if verb == "write":
            answer = write(datetime.fromisoformat(argument))
        else:
            answer = str(accepts(argument)).lower()
        print(answer, flush=True)
