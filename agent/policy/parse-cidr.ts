import { isIPv4, isIPv6 } from 'node:net'
import { formatAddress, parsePrefix } from '@wireproof/netlink'
import { allIpv4, bitsOf, contains } from './cidr.ts'
import { fieldsOf, listOf, type Path, textOf, wrong } from './fields.ts'
import type { IpBlock } from './network-policy.ts'

/** @throws Malformed */
export function parseIpBlock(path: Path, value: unknown): IpBlock {
  const fields = fieldsOf(path, value, ['cidr', 'except'])
  const cidr = parseCidr(`${path}.cidr`, fields.cidr)
  const except = listOf(`${path}.except`, fields.except, (at, each) => {
    const inner = parseCidr(at, each)
    if (inner === cidr || !contains(bitsOf(cidr), bitsOf(inner))) throw wrong(at, `must be a part of ${cidr}`)
    return inner
  })
  return { cidr, except }
}

/** Bits behind the length are cleared: 10.1.2.3/8 is 10.0.0.0/8. */
function parseCidr(path: Path, value: unknown): string {
  const text = textOf(path, value)
  const [network = '', length = '', ...rest] = text.split('/')
  const most = isIPv4(network) ? 32 : isIPv6(network) && !network.includes('%') ? 128 : -1
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > most || rest.length > 0)
    throw wrong(path, 'must be a prefix such as 10.0.0.0/8 or fd00::/8')
  if (most === 128 && bitsOf(text).startsWith(allIpv4))
    throw wrong(path, 'must name IPv4 addresses as such, as in 10.0.0.0/8')
  const { family, bytes } = parsePrefix(text)
  const masked = Buffer.from(bytes)
  masked.forEach((byte, index) => {
    const kept = Math.max(0, Math.min(8, Number(length) - index * 8))
    masked[index] = byte & (0xff00 >> kept)
  })
  return `${formatAddress(family, masked)}/${length}`
}
