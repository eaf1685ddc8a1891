#!/bin/sh
# Makes a base image out of Debian packages alone, for a machine that reaches no registry of images.
#
#   sudo deploy/images/base.sh        makes meldstroom/base (Debian with Python) and meldstroom/builder (and pip)
#
# MIRROR   Debian mirror; the machine's own when absent.
# SUITE    Debian release, 12 (bookworm) when absent: it has Python 3.11.
# FOLDER   where the file systems are put together; kept, so that a second run takes no time.
# Needs root, debootstrap and a Docker engine. Security updates are those of the mirror on the day that this runs:
# for production take a base image that your platform keeps up to date, and give it to build.sh as BASE.
set -eu

SUITE="${SUITE:-bookworm}"
FOLDER="${FOLDER:-/var/tmp/meldstroom-base}"
TAG="${TAG:-latest}"

# Pack everything but what a process in an image does not read.
pack() {
    tar --create --file "$1.part" --directory "$FOLDER/root" --numeric-owner --sort=name \
        --exclude='./var/cache/*' --exclude='./var/lib/apt/lists/*' --exclude='./var/log/*' \
        --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/info/*' \
        --exclude='./usr/share/locale/*' --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' \
        --exclude='./tmp/*' --exclude='./etc/apt/sources.list*' .
    mv "$1.part" "$1"
}

mkdir -p "$FOLDER"
if [ ! -e "$FOLDER/base.tar" ]; then
    MIRROR="${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Codename: $SUITE" | head -n 1)}"
    rm -rf "$FOLDER/root"
    debootstrap --variant=minbase --include=python3-minimal,libpython3-stdlib,ca-certificates,tzdata \
        "$SUITE" "$FOLDER/root" "$MIRROR"
    pack "$FOLDER/base.tar"
fi
if [ ! -e "$FOLDER/builder.tar" ]; then
    chroot "$FOLDER/root" apt-get install --yes --quiet --no-install-recommends python3-pip python3-venv
    pack "$FOLDER/builder.tar"
fi
for image in base builder; do
    docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' "$FOLDER/$image.tar" "meldstroom/$image:$TAG"
    docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' "meldstroom/$image:$TAG"
done
