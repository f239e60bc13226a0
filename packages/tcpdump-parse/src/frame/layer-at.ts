import type { Frame } from './frame.ts'

/** The part of a frame that a byte is in: the innermost that has it. */
export interface Place {
  readonly layer: 'link' | 'network' | 'transport' | 'overlay' | 'esp' | 'payload' | 'trailer'
  /** How many frames this one carries the part's: 0 outside every tunnel. */
  readonly depth: number
  /** In bytes from the start of that part. */
  readonly offset: number
}

/** Which part of the frame the byte at `offset` is in, looked up through VXLAN, Geneve and IP in IP. */
export function layerAt(frame: Frame, offset: number, depth = 0): Place {
  const { network, transport, payload, esp, inner, end } = frame.layers
  const at = (layer: Place['layer'], start: number): Place => ({ layer, depth, offset: offset - start })
  if (offset >= end && network >= 0) return at('trailer', end)
  if (inner >= 0 && offset >= inner) return layerAt(frame.inner!, offset - inner, depth + 1)
  if (esp >= 0 && offset >= esp) return at('esp', esp)
  if (payload >= 0 && offset >= payload && payload > network)
    return at(inner >= 0 ? 'overlay' : 'payload', payload)
  if (transport >= 0 && offset >= transport) return at('transport', transport)
  if (network >= 0 && offset >= network) return at('network', network)
  return at(network < 0 && payload >= 0 ? 'payload' : 'link', 0)
}
