#!/bin/sh
# Builds the image and runs it for real, with podman in a store and a network of its own.
# Without podman it says so and ends with 0, or with 1 when RUNTIME_REQUIRE_PODMAN=1.
set -eu
cd "$(dirname "$0")/../.."

if ! command -v podman >/dev/null 2>&1; then
  cat >&2 <<'TEXT'
################################################################################
#  CONTAINER TESTS DID NOT RUN: there is no podman on this machine.            #
#  The Dockerfile, the compose files and the manifests are therefore unproven. #
#  On Debian: apt-get install podman runc netavark iptables debootstrap        #
################################################################################
TEXT
  [ "${RUNTIME_REQUIRE_PODMAN:-0}" = 1 ] && exit 1
  exit 0
fi

PATH="$PWD/node_modules/.bin:$PATH" exec vitest run --config test/container/vitest.config.ts "$@"
