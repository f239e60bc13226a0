set -e
n=$1
ip netns add s; ip netns exec s sh -c "ip link add eth0 type veth peer name x; ip addr add 192.168.0.1/16 dev eth0; ip link set eth0 up; ip link set x up; cd /work/main; exec node --expose-gc bench/scale/ours.ts $n /tmp/cmds-$n"
wc -l /tmp/cmds-$n
ip netns add t; ip netns exec t sh -c "ip link add eth0 type veth peer name x; ip addr add 192.168.0.1/16 dev eth0; ip link set eth0 up; ip link set x up; time ip -batch /tmp/cmds-$n; ip xfrm state count; ip xfrm policy count"
