#!/bin/sh
# Installs Debian packages without starting their services, now or at boot.
# Run as root: install.sh PACKAGE…

set -eu

policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
kept=$policy.kept-by-rejoin

# Debian starts a service on installation unless this file exits with 101 ("not allowed"). An existing file is restored,
# even if an earlier run was interrupted.
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
# Another installation may be running: waits for its lock instead of failing.
apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"

for package in "$@"; do
  case $package in
    # Also disables the systemd unit.
    redis-server | nginx) update-rc.d "$package" disable > /dev/null 2>&1 || true ;;
  esac
done
