/** Link types by number, as the tcpdump group assigns them (https://www.tcpdump.org/linktypes.html). */
export const LinkType = {
  null: 0,
  ethernet: 1,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
} as const
