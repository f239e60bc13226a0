import { isIP, isIPv4, isIPv6 } from 'node:net'
import { show } from './check.ts'
import type { IpFamily } from './types.ts'

/**
 * What is wrong with the subnets of a cluster of such a family: one CIDR, or with `dual` up to two, one of each family.
 *
 * @returns nothing where they are right.
 */
export function complainOfSubnets(subnets: string, family: IpFamily): string | undefined {
  const cidrs = subnets.split(',')
  const families: ('ipv4' | 'ipv6')[] = []
  for (const cidr of cidrs) {
    const its = familyOf(cidr)
    if (!its) return `${show(cidr)} is not a CIDR such as ${example[family === 'ipv6' ? 'ipv6' : 'ipv4']}`
    families.push(its)
  }
  if (family === 'dual') {
    if (families.length > 2 || (families.length === 2 && families[0] === families[1]))
      return `must be one CIDR, or one of IPv4 and one of IPv6, where ipFamily is dual; it is ${show(subnets)}`
    return undefined
  }
  if (families.length > 1) return `must be one CIDR where ipFamily is ${family}; it is ${show(subnets)}`
  if (families[0] !== family)
    return `must be an ${familyName[family]} CIDR where ipFamily is ${family}; it is ${show(subnets)}`
  return undefined
}

const example = { ipv4: '10.244.0.0/16', ipv6: 'fd00:10:244::/56' } as const
const familyName = { ipv4: 'IPv4', ipv6: 'IPv6' } as const

function familyOf(cidr: string): 'ipv4' | 'ipv6' | undefined {
  const [, address, length] = /^([^/%]+)\/(\d{1,3})$/.exec(cidr) ?? []
  if (!address || !length || (length.length > 1 && length.startsWith('0'))) return undefined
  if (isIPv4(address)) return Number(length) <= 32 ? 'ipv4' : undefined
  if (isIPv6(address)) return Number(length) <= 128 ? 'ipv6' : undefined
  return undefined
}

/** @returns nothing where it is an address of this machine's that something can listen on. */
export function complainOfAddress(address: string): string | undefined {
  if (isIP(address) && !address.includes('%')) return undefined
  return `must be an IP address, and is ${show(address)}`
}
