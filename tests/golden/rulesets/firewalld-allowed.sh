# The same with the service https in the zone: our drop decides who comes in.
FIREWALLD_RULES='tcp dport 443 accept'
. "$(dirname "$0")/firewalld.sh"
