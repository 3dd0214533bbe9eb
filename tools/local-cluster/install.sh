#!/bin/sh
# Installs Debian packages and leaves no service of theirs running, nor set to run at the next start of the machine.
# Run as root: install.sh PACKAGE…

set -eu

policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
kept=$policy.kept-by-rejoin

# Debian starts a service as soon as it is installed, unless this file says 101 ("not allowed").
# One that is there already is put back, also when an earlier run was cut off half way.
restore() {
  rm -f "$policy"
  if [ -e "$kept" ]; then mv "$kept" "$policy"; fi
}
if [ -e "$policy" ] && [ ! -e "$kept" ]; then mv "$policy" "$kept"; fi
trap restore EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
apt-get update
# Somebody else may be installing as well: wait for them rather than fail.
apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"

for package in "$@"; do
  case $package in
    # Takes it out of systemd's list as well.
    redis-server | nginx) update-rc.d "$package" disable > /dev/null 2>&1 || true ;;
  esac
done
