import type { XfrmPolicy } from '@wireproof/netlink'

export const POLICIES = 10_000

/** What an agent installs for many peers: traffic that the datapath has marked goes into the peer's tunnel. */
export const policies: readonly XfrmPolicy[] = Array.from({ length: POLICIES }, (_, number) => ({
  direction: 'out',
  source: '10.244.0.0/24',
  destination: `10.${100 + (number >> 8)}.${number & 255}.0/24`,
  priority: 100,
  mark: { value: 0xe00, mask: 0xff00 },
  template: {
    source: '192.168.50.1',
    destination: `192.168.${number >> 8}.${number & 255}`,
    reqid: number + 1,
    mode: 'tunnel',
  },
}))

/** The same as commands for `ip -batch`. */
export function batchFile(): string {
  return policies
    .map(({ direction, source, destination, priority, mark, template }) =>
      [
        `xfrm policy add src ${source} dst ${destination} dir ${direction} priority ${priority}`,
        `mark 0x${mark!.value.toString(16)} mask 0x${mark!.mask.toString(16)}`,
        `tmpl src ${template!.source} dst ${template!.destination}`,
        `proto esp reqid ${template!.reqid} mode ${template!.mode}\n`,
      ].join(' '),
    )
    .join('')
}
