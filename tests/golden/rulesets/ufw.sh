# The frame of ufw's chains after `ufw default deny` and `ufw allow 22/tcp`, as it makes them by iptables-nft:
# port 443 is closed to all, so listed addresses are dropped too.
UFW_RULES=${UFW_RULES:-'-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT'}
NOT_LOCAL=':ufw-not-local - [0:0]
-A ufw-before-input -j ufw-not-local
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
-A ufw-not-local -j DROP'
for version in "" 6; do
ip${version}tables-nft-restore <<X
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw${version}-before-logging-input - [0:0]
:ufw${version}-before-input - [0:0]
:ufw${version}-after-input - [0:0]
:ufw${version}-after-logging-input - [0:0]
:ufw${version}-reject-input - [0:0]
:ufw${version}-track-input - [0:0]
:ufw${version}-user-input - [0:0]
:ufw${version}-skip-to-policy-input - [0:0]
:ufw${version}-logging-deny - [0:0]
-A INPUT -j ufw${version}-before-logging-input
-A INPUT -j ufw${version}-before-input
-A INPUT -j ufw${version}-after-input
-A INPUT -j ufw${version}-after-logging-input
-A INPUT -j ufw${version}-reject-input
-A INPUT -j ufw${version}-track-input
-A ufw${version}-before-input -i lo -j ACCEPT
-A ufw${version}-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw${version}-before-input -m conntrack --ctstate INVALID -j ufw${version}-logging-deny
-A ufw${version}-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw${version}-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
$([ "$version" ] || echo "$NOT_LOCAL")
-A ufw${version}-before-input -j ufw${version}-user-input
-A ufw${version}-after-input -p udp -m udp --dport 137 -j ufw${version}-skip-to-policy-input
-A ufw${version}-skip-to-policy-input -j DROP
-A ufw${version}-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw${version}-after-logging-input -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
$(echo "$UFW_RULES" | sed "s/ufw-/ufw${version}-/")
COMMIT
X
done
