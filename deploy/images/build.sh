#!/bin/sh
# Builds the images of the blocks and prints how large they are.
#
#   deploy/images/build.sh                  all blocks, from python:3.11-slim
#   deploy/images/build.sh intake routing   these blocks
#
# BASE      base image with Python 3.11 or newer as `python3`; see base.sh for one made of Debian packages alone.
# BUILDER   the same with pip, when BASE has none.
# PREFIX    what stands before the name of the block in the image's name, with the address of a registry if there is
#           one; `meldstroom/` when absent.
# TAG       tag of the images; the version in pyproject.toml when absent.
# NETWORK   network of the build steps, for instance `host`; the engine's default when absent.
# PIP_CONFIG, CERTIFICATES   pip's settings and the certificates that it trusts, for a build behind a mirror. They are
#           handed over as build secrets, so they are in no layer.
set -eu
cd "$(dirname "$0")/../.."

PREFIX="${PREFIX:-meldstroom/}"
TAG="${TAG:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}"
[ "$#" -gt 0 ] || set -- $(cd services && ls -d -- */ | tr -d /)
export DOCKER_BUILDKIT=1

for block in "$@"; do
    image="$PREFIX$block:$TAG"
    docker build --quiet --file "services/$block/Dockerfile" --tag "$image" \
        ${BASE:+--build-arg "BASE=$BASE"} ${BUILDER:+--build-arg "BUILDER=$BUILDER"} \
        ${NETWORK:+--network "$NETWORK"} \
        ${PIP_CONFIG:+--secret "id=pip,src=$PIP_CONFIG"} \
        ${CERTIFICATES:+--secret "id=certificates,src=$CERTIFICATES"} . >/dev/null
    docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' "$image"
done
