#!/bin/sh
# Records every ruleset of this directory anew, each in a network namespace of its own; needs root, nft, iptables-nft.
set -e
cd "$(dirname "$0")"
for script in docker docker-guarded ufw ufw-allowed firewalld firewalld-allowed; do
    unshare -n sh -ec "ip link set lo up; nft -f ours.nft; sh -e ./$script.sh; nft -j list ruleset" > "$script.json"
done
