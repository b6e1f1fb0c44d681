# The same after `ufw allow 443/tcp`: our drop decides who comes in.
UFW_RULES='-A ufw-user-input -p tcp -m tcp --dport 443 -j ACCEPT'
. "$(dirname "$0")/ufw.sh"
