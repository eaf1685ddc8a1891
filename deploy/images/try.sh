#!/bin/sh
# Runs the image of intake against a PostgreSQL and sends it a report: a proof that the image works.
#
#   DATABASE_SERVER=postgresql://postgres@127.0.0.1:5432 deploy/images/try.sh
#
# Makes the database meldstroom_image_trial, and removes it and the container afterwards. There is no Kafka: intake
# accepts reports without. The container runs as Kubernetes runs it: read-only, without capabilities, not as root.
# Needs curl and psql. PREFIX and TAG as for build.sh, PORT (8999) where the container listens.
set -eu
cd "$(dirname "$0")/../.."

IMAGE="${PREFIX:-meldstroom/}intake:${TAG:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}"
PORT="${PORT:-8999}"
DATABASE=meldstroom_image_trial
NAME=meldstroom-image-trial

clean() {
    docker rm --force "$NAME" >/dev/null 2>&1 || true
    psql --quiet "$DATABASE_SERVER/postgres" --command 'SET client_min_messages = warning' \
        --command "DROP DATABASE IF EXISTS $DATABASE WITH (FORCE)" || true
}
trap clean EXIT
clean
psql --quiet "$DATABASE_SERVER/postgres" --command "CREATE DATABASE $DATABASE"

set -- --network host --read-only --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp \
    --tmpfs /var/lib/meldstroom:uid=10001,gid=10001 \
    --env "INTAKE_DATABASE_URL=$DATABASE_SERVER/$DATABASE" --env "INTAKE_PORT=$PORT" \
    --env INTAKE_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1

docker run --rm "$@" --entrypoint python "$IMAGE" -m intake.manage migrate
docker run --detach --name "$NAME" "$@" "$IMAGE" >/dev/null

address="http://127.0.0.1:$PORT"
tries=0
until curl --fail --silent --output /dev/null "$address/readyz"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        docker logs "$NAME" >&2
        exit 1
    fi
    sleep 0.2
done
echo "healthz $(curl --silent --write-out ' %{http_code}' "$address/healthz")"
echo "readyz  $(curl --silent --write-out ' %{http_code}' "$address/readyz")"
answer=$(curl --silent --write-out ' %{http_code}' --header 'Content-Type: application/json' "$address/v1/reports" \
    --data '{"description": "Losse stoeptegel", "location": {"geometry": {"type": "Point",
             "coordinates": [6.5625, 52.9925]}}, "language": "nl"}')
echo "report  $answer"
echo "user    $(docker exec "$NAME" id)"
echo "memory  $(docker exec "$NAME" sed -n 's/^VmRSS:[[:space:]]*//p' /proc/1/status)"
tries=0
until [ "$(docker inspect --format '{{.State.Health.Status}}' "$NAME")" = healthy ]; do
    tries=$((tries + 1))
    [ "$tries" -le 100 ] || exit 1
    sleep 0.5
done
echo "health check of the image: healthy"
case "$answer" in *" 201") ;; *) exit 1 ;; esac
