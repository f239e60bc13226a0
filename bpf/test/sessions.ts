import { type Allowance, writeCidrKey, writeNumber, writePolicyKey } from '../../agent/policy/layout.ts'
import type { PolicyDirection } from '../../agent/policy/network-policy.ts'
import { Datapath, decryptedFrom, here, type Outcome, there } from './datapath.ts'
import { type Addresses, ethernet, icmp, ipv4, ipv6, protocols } from './frames.ts'

/** The pod under test is `here.pod`, identity 101; the other one is `there.pod`, identity 202. */
export const otherIdentity = 202
export const out: Addresses = { source: here.pod, destination: there.pod }
export const back: Addresses = { source: there.pod, destination: here.pod }

const SESSION_SEEN = 0

/** A datapath whose pod's policies are in force, and packets to and from the pod. */
export class Guarded extends Datapath {
  constructor(isolated: readonly PolicyDirection[], set = 1) {
    super('strict')
    this.isolate(isolated, set)
  }

  allow(allowance: Allowance, rule = 1, set = 1): void {
    this.object.map('policies').set(writePolicyKey(set, allowance), writeNumber(rule))
  }

  classify(direction: PolicyDirection, prefix: string, addressClass: number, set = 1): void {
    this.object.map('policy_cidrs').set(writeCidrKey(set, direction, prefix), writeNumber(addressClass))
  }

  send(frame: Buffer): Outcome {
    return this.run('from_pod', frame)
  }

  /** What another node's association has decrypted. */
  receive(frame: Buffer): Outcome {
    return this.run('to_pod', frame, decryptedFrom(there.id))
  }

  /** Makes every session this much older than it is. */
  age(seconds: number): void {
    const map = this.object.map('sessions')
    for (const [key, value] of map.entries()) {
      value.writeBigUInt64LE(earlier(value.readBigUInt64LE(SESSION_SEEN), seconds), SESSION_SEEN)
      map.set(key, value)
    }
  }

  ageFragments(seconds: number): void {
    const map = this.object.map('fragments')
    for (const [key, value] of map.entries()) {
      value.writeBigUInt64LE(earlier(value.readBigUInt64LE(0), seconds), 0)
      map.set(key, value)
    }
  }
}

/** May lie before the kernel's start: its clock is unsigned, and differences wrap. */
const earlier = (nanoseconds: bigint, seconds: number) =>
  BigInt.asUintN(64, nanoseconds - BigInt(seconds * 1e9))

export const flags = { fin: 1, syn: 2, rst: 4, ack: 16 } as const

function ports(size: number, source: number, destination: number): Buffer {
  const header = Buffer.alloc(size)
  header.writeUInt16BE(source, 0)
  header.writeUInt16BE(destination, 2)
  return header
}

function packet(addresses: Addresses, protocol: number, payload: Buffer): Buffer {
  return addresses.source.includes(':')
    ? ethernet('ipv6', ipv6(addresses, protocol, payload))
    : ethernet('ipv4', ipv4(addresses, protocol, payload))
}

export function segment(addresses: Addresses, from: number, to: number, bits: number): Buffer {
  const header = ports(20, from, to)
  header[12] = 0x50
  header[13] = bits
  return packet(addresses, protocols.tcp, header)
}

export function datagram(addresses: Addresses, from: number, to: number, protocol: number = protocols.udp) {
  return packet(addresses, protocol, Buffer.concat([ports(8, from, to), Buffer.alloc(32)]))
}

export function echo(addresses: Addresses, kind: 'request' | 'reply', identifier: number): Buffer {
  const ipv6 = addresses.source.includes(':')
  const type = kind === 'request' ? (ipv6 ? 128 : 8) : ipv6 ? 129 : 0
  const message = icmp(type)
  message.writeUInt16BE(identifier, 4)
  return packet(addresses, ipv6 ? protocols.icmp6 : protocols.icmp, message)
}
