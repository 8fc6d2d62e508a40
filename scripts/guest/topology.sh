# shellcheck shell=bash disable=SC2034,SC2153 # the sourced files share their variables
# The soft-RoCE topology, the same in every lane: N rails, each a veth pair whose two ends carry one
# rxe device each. The ends stand for two hosts. Sourced, never run.
#
# Both ends stay in the initial network namespace: rxe has no data path in another one. accept_local
# is what lets an end take packets whose source is an address of the same machine.

# $1: prefix of all names, empty in a guest, non-empty on the host so that nothing foreign is touched.
# $2: rails. $3: netem arguments or nothing. Sets TOPOLOGY_DEVICES, TOPOLOGY_ADDRESSES, TOPOLOGY_NETDEVS.
topology_up() {
  local prefix=$1 rails=$2 netem=$3 rail side number netdev device
  TOPOLOGY_DEVICES='' TOPOLOGY_ADDRESSES='' TOPOLOGY_NETDEVS=''
  for ((rail = 0; rail < rails; rail++)); do
    ip link add "${prefix}va$rail" mtu 4200 type veth peer name "${prefix}vb$rail" mtu 4200 || return
    for side in a b; do
      netdev=${prefix}v$side$rail device=${prefix}rxe_$side$rail
      [[ $side = a ]] && number=1 || number=2
      topology_sysctls "$netdev" || return
      # 4200 leaves room for the headers of a path MTU of 4096.
      ip addr add "10.77.$rail.$number/24" dev "$netdev" || return
      ip link set "$netdev" up || return
      if [[ -n $netem ]]; then topology_netem "$netdev" "$netem" || return; fi
      TOPOLOGY_DEVICES+="${TOPOLOGY_DEVICES:+ }$device"
      TOPOLOGY_ADDRESSES+="${TOPOLOGY_ADDRESSES:+ }10.77.$rail.$number"
      TOPOLOGY_NETDEVS+="${TOPOLOGY_NETDEVS:+ }$netdev"
    done
    for side in a b; do
      rdma link add "${prefix}rxe_$side$rail" type rxe netdev "${prefix}v$side$rail" || return
    done
  done
  topology_wait
}

topology_sysctls() {
  local conf=/proc/sys/net/ipv4/conf rp_filter=0
  # The kernel takes the larger of `all` and the device's own: 2 (loose) beats a strict `all`, which
  # would drop what comes back from our own address, without changing it for other devices.
  [[ $(<$conf/all/rp_filter) = 0 ]] || rp_filter=2
  echo 1 >"$conf/$1/accept_local" || return
  echo $rp_filter >"$conf/$1/rp_filter"
}

# netem drops what exceeds its queue, 1000 packets by default: a delay would then lose packets too.
topology_netem() {
  local -a words
  read -ra words <<<"$2"
  [[ " $2 " == *" limit "* ]] || words+=(limit 100000)
  tc qdisc replace dev "$1" root netem "${words[@]}"
}

# A queue pair can only be connected once the port is active and the IPv4-mapped GID is in the table.
topology_wait() {
  local -a devices addresses octets
  local i try gid
  read -ra devices <<<"$TOPOLOGY_DEVICES"
  read -ra addresses <<<"$TOPOLOGY_ADDRESSES"
  for i in "${!devices[@]}"; do
    IFS=. read -ra octets <<<"${addresses[$i]}"
    printf -v gid '0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x' "${octets[@]}"
    for ((try = 0; ; try++)); do
      if grep -q ACTIVE "/sys/class/infiniband/${devices[$i]}/ports/1/state" 2>/dev/null &&
        grep -qs "$gid" "/sys/class/infiniband/${devices[$i]}/ports/1/gids/"*; then
        break
      fi
      if ((try == 300)); then
        echo "device ${devices[$i]} has no active port with GID $gid after 30 s" >&2
        return 1
      fi
      sleep 0.1
    done
  done
}

# Takes down what topology_up made, and what a killed run with the same prefix left. A device that is
# still open cannot be deleted and would block: bounded, and removing the veth ends it anyway.
topology_down() {
  local prefix=$1 path
  [[ -n $prefix ]] || return 0
  for path in "/sys/class/infiniband/${prefix}"rxe_*; do
    [[ -e $path ]] || continue
    timeout 20 rdma link delete "${path##*/}" || echo "device ${path##*/} is still in use and stays" >&2
  done
  for path in "/sys/class/net/${prefix}"va*; do
    [[ -e $path ]] || continue
    timeout 20 ip link delete "${path##*/}" || echo "interface ${path##*/} could not be deleted" >&2
  done
}
