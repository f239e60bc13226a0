/** A place from which the wire between nodes can be seen. */
export type Vantage =
  /** The device between nodes that are containers of this machine; absent where Docker is elsewhere. */
  | { readonly kind: 'bridge'; readonly device: string | undefined }
  /** The nodes' own devices. */
  | { readonly kind: 'node'; readonly device: string }

export interface TapView {
  /** To be run on this machine, or on a node. */
  readonly capture: string
  readonly shows: string
  readonly doesNotShow: string
}

export function viewOf(vantage: Vantage): TapView {
  if (vantage.kind === 'bridge')
    return {
      capture: vantage.device
        ? `sudo tcpdump -ni ${vantage.device} 'esp or net 10.244.0.0/16'`
        : 'on the machine that Docker runs on: tcpdump at the bridge of the network kind',
      shows: 'every frame between nodes, seen from a device that no agent can reach',
      doesNotShow: 'what pods of one node send each other: it crosses no wire',
    }
  return {
    capture: `on a node: tcpdump -ni ${vantage.device} 'esp or udp port 4500'`,
    shows: 'what this node sends and receives, before the network beneath has it',
    doesNotShow:
      'other nodes, what the network beneath does, and, of what arrives, only the packet before it is decrypted: ' +
      'behind the decryption it is seen a second time, in clear, on the same device',
  }
}
