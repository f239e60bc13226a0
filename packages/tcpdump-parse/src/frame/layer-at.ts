import type { Frame } from './frame.ts'

/** The part of a frame that a byte is in: the innermost that has it. */
export interface Place {
  readonly layer: 'link' | 'network' | 'transport' | 'overlay' | 'esp' | 'payload' | 'trailer'
  /** How many frames this one carries the part's: 0 outside every tunnel. */
  readonly depth: number
  /** In bytes from the start of that part. */
  readonly offset: number
}

/**
 * Which part of the frame a byte is in, looked up through VXLAN, Geneve and IP in IP.
 *
 * @param offset in bytes from the start of the frame's data.
 */
export function layerAt(frame: Frame, offset: number): Place {
  let [holder, within, depth] = [frame, offset, 0]
  // Not by recursion: a frame of a few hundred kilobytes can hold more tunnels than the stack can.
  for (;;) {
    const { inner, end, network } = holder.layers
    if (inner < 0 || within < inner || (within >= end && network >= 0)) return placeIn(holder, within, depth)
    holder = holder.inner!
    within -= inner
    depth++
  }
}

function placeIn({ layers }: Frame, offset: number, depth: number): Place {
  const { network, transport, payload, esp, inner, end } = layers
  const at = (layer: Place['layer'], start: number): Place => ({ layer, depth, offset: offset - start })
  if (offset >= end && network >= 0) return at('trailer', end)
  if (esp >= 0 && offset >= esp) return at('esp', esp)
  if (payload >= 0 && offset >= payload && payload > network)
    return at(inner >= 0 ? 'overlay' : 'payload', payload)
  if (transport >= 0 && offset >= transport) return at('transport', transport)
  if (network >= 0 && offset >= network) return at('network', network)
  return at(network < 0 && payload >= 0 ? 'payload' : 'link', 0)
}
