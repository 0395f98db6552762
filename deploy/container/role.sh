#!/bin/sh
# Run by PostgreSQL's image when its volume is new: the application's role, which owns its database and is no superuser.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$(cat "${ROLE_PASSWORD_FILE:-/run/secrets/role}")" --quiet <<'SQL'
CREATE ROLE dashboard LOGIN PASSWORD :'password';
CREATE DATABASE dashboard OWNER dashboard;
SQL
