#!/usr/bin/env bash
# Installs the agent on a gateway (Debian 12 or later, 64 bit) from a checkout of this project.
# Run as root in the checkout. Safe to run again: an existing configuration and all data stay as they are.
#   deploy/install-gateway.sh            installs and enables, does not start before the configuration is good
#   DESTDIR=/some/root deploy/...        lays everything out below a folder and touches no running system
set -euo pipefail
cd "$(dirname "$0")/.."
dest="${DESTDIR:-}"
prefix=/usr/lib/smart-mla

say() { printf '%s\n' "$*"; }
fail() { printf 'install-gateway: %s\n' "$*" >&2; exit 2; }

[ -n "$dest" ] || [ "$(id -u)" = 0 ] || fail "run as root (sudo deploy/install-gateway.sh)"
case "$(uname -m)" in x86_64 | aarch64) ;; *) fail "this machine is $(uname -m); a 64-bit system is needed (aarch64 or x86_64)" ;; esac
[ -d node_modules ] || npm ci --no-audit --no-fund
[ -f dist/main.js ] || npm run --silent build

say "installing to $dest$prefix"
node_modules/.bin/node deploy/stage.ts "$dest$prefix" "$prefix"
install -d -m 0750 "$dest/etc/smart-mla" "$dest/etc/smart-mla/tls"
install -d "$dest/usr/lib/systemd/system/smart-mla-agent.service.d" "$dest/usr/lib/sysusers.d" "$dest/usr/bin"
install -m 0644 systemd/smart-mla-agent.service systemd/smart-mla-renew.service systemd/smart-mla-renew.timer "$dest/usr/lib/systemd/system/"
install -m 0644 systemd/smart-mla.sysusers "$dest/usr/lib/sysusers.d/smart-mla.conf"
install -m 0640 deploy/agent.example.yaml "$dest/etc/smart-mla/agent.example.yaml"
ln -sf "$prefix/bin/smart-mla" "$dest/usr/bin/smart-mla"
if [ -f "$dest/etc/smart-mla/settlement-passphrase" ]; then
  chmod 0600 "$dest/etc/smart-mla/settlement-passphrase"
  install -m 0644 systemd/smart-mla-agent.service.d/settlement.conf "$dest/usr/lib/systemd/system/smart-mla-agent.service.d/"
fi
[ -z "$dest" ] || { say "laid out below $dest"; exit 0; }

systemd-sysusers
chgrp -R smart-mla /etc/smart-mla
systemctl daemon-reload
systemctl enable smart-mla-agent.service
systemctl enable --now smart-mla-renew.timer
if [ ! -f /etc/smart-mla/agent.yaml ]; then
  say "next: install -m 0640 -g smart-mla /etc/smart-mla/agent.example.yaml /etc/smart-mla/agent.yaml, edit it, then"
  say "  smart-mla config check -c /etc/smart-mla/agent.yaml && systemctl start smart-mla-agent"
  exit 0
fi
smart-mla config check -c /etc/smart-mla/agent.yaml || fail "the configuration has mistakes; the agent was not (re)started"
systemctl restart smart-mla-agent.service
say "the agent runs: smart-mla status -c /etc/smart-mla/agent.yaml"
