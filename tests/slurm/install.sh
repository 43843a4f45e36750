#!/usr/bin/env bash
# Install Slurm and munge where they are not there yet, or say in one line why that is impossible.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

installed() {
  local program
  for program in munged slurmctld slurmd sbatch scontrol; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || return 1
  done
}

install() { apt-get install -y -qq --no-install-recommends slurm-wlm munge; }

installed && exit
if [ "$(id -u)" != 0 ] || [ ! -e /etc/debian_version ]; then
  echo "Slurm is not installed, and only root on Debian can install it here." >&2
  exit 1
fi
said=$(mktemp)
trap 'rm -f "$said"' EXIT
install >"$said" 2>&1 || { apt-get update -qq && install; } >"$said" 2>&1 || {
  echo "Slurm is not installed, and apt-get cannot install it: $(grep '^E:' "$said" | head -n 1)" >&2
  exit 1
}
