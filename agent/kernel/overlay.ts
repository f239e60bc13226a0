import type { Link, Route } from '@wireproof/netlink'
import { overlayDevice, vxlanOverhead } from '../plan/overlay.ts'
import { AgentProblem } from '../problem.ts'
import { whileModulesLoad } from './patience.ts'

/** This node's VXLAN device, where it has one; undefined also where a device of that name is somebody else's. */
export function ownOverlay(route: Route): Link | undefined {
  const present = deviceOfItsName(route)
  return present && isOwn(present) ? present : undefined
}

/**
 * The device, made or put right. What it receives goes nowhere before {@link openOverlay}; and later only by the program at it,
 * without which the kernel takes every frame for somebody else's.
 *
 * @param wire.family of the nodes' addresses.
 * @throws AgentProblem EOVERLAY where somebody else has the name or the port, or the kernel has no VXLAN.
 */
export function bringOverlay(route: Route, wire: { readonly mtu: number; readonly family: 4 | 6 }): Link {
  const mtu = wire.mtu - vxlanOverhead(wire.family)
  const present = deviceOfItsName(route)
  if (!present) return create(route, mtu)
  if (isOwn(present)) {
    if (present.mtu !== mtu) route.setLink(present.index, { mtu })
    return present
  }
  if (isUnfinished(present)) {
    route.deleteLink(present.index)
    return create(route, mtu)
  }
  throw new AgentProblem(
    'EOVERLAY',
    4,
    `the device ${overlayDevice.name} is not this agent's`,
    'Rename it: the overlay needs the name.',
  )
}

function create(route: Route, mtu: number): Link {
  const { name, alias, port } = overlayDevice
  try {
    whileModulesLoad(() => route.addVxlan({ name, port, mtu, zeroChecksum6: true }))
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EEXIST' || code === 'EADDRINUSE') throw occupied(port)
    if (code !== 'EOPNOTSUPP') throw error
    throw new AgentProblem(
      'EOVERLAY',
      3,
      'this kernel has no VXLAN',
      'Use a kernel with CONFIG_VXLAN and CONFIG_LWTUNNEL, or native routing.',
    )
  }
  route.setLink(name, { alias, arp: false })
  return route.link(name)
}

/** To be called once the program is at the device. @throws AgentProblem EOVERLAY where somebody else has the port. */
export function openOverlay(route: Route, link: Link): void {
  if (link.up) return
  try {
    route.setLink(link.index, { up: true })
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
    throw occupied(overlayDevice.port)
  }
}

export function removeOverlay(route: Route): void {
  const present = ownOverlay(route)
  if (present) route.deleteLink(present.index)
}

function occupied(port: number): AgentProblem {
  return new AgentProblem(
    'EOVERLAY',
    4,
    `UDP port ${port} is another VXLAN device's, or another program's, on this node`,
    'Take that away, or choose native routing.',
  )
}

function deviceOfItsName(route: Route): Link | undefined {
  try {
    return route.link(overlayDevice.name)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENODEV') throw error
    return undefined
  }
}

function isOwn({ alias, vxlan }: Link): boolean {
  return alias === overlayDevice.alias && isExternal(vxlan)
}

/** Its maker was interrupted before it had its alias. */
function isUnfinished({ alias, up, vxlan }: Link): boolean {
  return alias === undefined && !up && isExternal(vxlan)
}

function isExternal(vxlan: Link['vxlan']): boolean {
  return vxlan?.port === overlayDevice.port && vxlan.id === undefined
}
