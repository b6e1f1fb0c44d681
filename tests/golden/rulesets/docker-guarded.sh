# The same, with the published port guarded in forward by our set.
. "$(dirname "$0")/docker.sh"
nft -f - <<'X'
table inet gatepost {
    chain published {
        type filter hook forward priority filter; policy accept;
        ct state established,related accept
        meta l4proto tcp ct original proto-dst 443 ip saddr @edge_v4 accept
        meta l4proto tcp ct original proto-dst 443 drop
    }
}
X
