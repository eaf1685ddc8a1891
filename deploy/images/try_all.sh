#!/bin/sh
# Migrates, seeds and starts the image of every block against a PostgreSQL, as the charts do it, and asks how it is.
#
#   DATABASE_SERVER=postgresql://postgres@127.0.0.1:5432 deploy/images/try_all.sh [block…]
#
# Each gets a database of its own, removed afterwards together with the container. There is no Kafka: a block is
# ready without. Needs curl and psql. PREFIX and TAG as for build.sh, PORT (8998) where the containers listen.
set -eu
cd "$(dirname "$0")/../.."

TAG="${TAG:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}"
PORT="${PORT:-8998}"
DATABASE=meldstroom_image_trial_all
NAME=meldstroom-image-trial-all
[ "$#" -gt 0 ] || set -- $(cd services && ls -d -- */ | tr -d /)

clean() {
    docker rm --force "$NAME" >/dev/null 2>&1 || true
    psql --quiet "$DATABASE_SERVER/postgres" --command 'SET client_min_messages = warning' \
        --command "DROP DATABASE IF EXISTS $DATABASE WITH (FORCE)" || true
}
trap clean EXIT

failed=0
for block in "$@"; do
    clean
    psql --quiet "$DATABASE_SERVER/postgres" --command "CREATE DATABASE $DATABASE"
    image="${PREFIX:-meldstroom/}$block:$TAG"
    package=$(echo "$block" | tr - _)
    prefix=$(echo "$package" | tr '[:lower:]' '[:upper:]')
    run() {
        docker run --network host --read-only --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp \
            --tmpfs /var/lib/meldstroom:uid=10001,gid=10001 --env "${prefix}_DATABASE_URL=$DATABASE_SERVER/$DATABASE" \
            --env "${prefix}_PORT=$PORT" --env "${prefix}_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1" "$@"
    }
    run --rm --entrypoint python "$image" -m "$package.manage" migrate >/dev/null
    run --rm --entrypoint python "$image" -m "$package.manage" seed >/dev/null
    run --detach --name "$NAME" "$image" >/dev/null
    tries=0
    until curl --fail --silent --output /dev/null "http://127.0.0.1:$PORT/readyz" || [ "$tries" -gt 150 ]; do
        tries=$((tries + 1))
        sleep 0.2
    done
    status=$(curl --silent --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$PORT/readyz" || true)
    document=$(curl --silent --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$PORT/v1/openapi.json" || true)
    memory=$(docker exec "$NAME" sed -n 's/^VmRSS:[[:space:]]*//p' /proc/1/status || true)
    echo "$block: readyz $status, openapi.json $document, memory $memory"
    if [ "$status" != 200 ] || [ "$document" != 200 ]; then
        docker logs "$NAME" 2>&1 | tail -n 20 >&2
        failed=1
    fi
done
exit "$failed"
