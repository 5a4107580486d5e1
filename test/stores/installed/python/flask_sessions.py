from datetime import datetime, timezone

from flask import Flask, session
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy

from protocol import database, serve

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = database._replace(scheme="postgresql+psycopg").geturl()
app.config["SESSION_TYPE"] = "sqlalchemy"
app.config["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
Session(app)


@app.post("/")
def log_in():
    session["user"] = "somebody"
    return ""


@app.get("/")
def name_user():
    return session.get("user", "")


def write(expires):
    app.permanent_session_lifetime = expires - datetime.now(timezone.utc)
    cookie = app.test_client().post("/").headers["Set-Cookie"]
    return cookie.removeprefix("session=").split(";")[0]


def accepts(key):
    client = app.test_client()
    client.set_cookie("session", key)
    return client.get("/").text == "somebody"


serve(write, accepts)
