"""Fills authmcp-gateway's database: one user, one server behind it. Writes a token of the user to stdout.

``authmcp_data.py DATABASE SERVER_URL``
"""

import sys
from datetime import datetime, timedelta, timezone

from authmcp_gateway.auth.jwt_handler import create_access_token, get_token_jti
from authmcp_gateway.auth.password import hash_password
from authmcp_gateway.auth.user_store import create_user, init_database, upsert_user_access_token
from authmcp_gateway.config import load_config
from authmcp_gateway.mcp.store import create_mcp_server, init_mcp_database

database, url = sys.argv[1:]
init_database(database)
init_mcp_database(database)
user = create_user(
    db_path=database,
    username="bench",
    email="bench@example.org",
    password_hash=hash_password("Bench-password-1"),
    is_superuser=True,
)
create_mcp_server(database, "calculator", url, routing_strategy="auto")
token = create_access_token(user, "bench", True, load_config().jwt, expire_minutes=120)
until = datetime.now(timezone.utc) + timedelta(hours=2)  # noqa: UP017 - as its own code writes it
upsert_user_access_token(database, user, token, get_token_jti(token), until)
sys.stdout.write(f"\nTOKEN {token}\n")
