"""Single-tenant Flask: no word of tenants but the path of its own database."""
import os
import sqlite3

from flask import Flask

app = Flask(__name__)
db_path = os.environ["DATABASE_PATH"]

with sqlite3.connect(db_path) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS visits (at TEXT DEFAULT CURRENT_TIMESTAMP)")


@app.route("/")
def hello():
    with sqlite3.connect(db_path) as connection:
        connection.execute("INSERT INTO visits DEFAULT VALUES")
        (visits,) = connection.execute("SELECT count(*) FROM visits").fetchone()
    return f"Hello from {os.environ['TENANT_ID']}, visit {visits}!\n"


@app.route("/health")
def health():
    return "ok\n"
