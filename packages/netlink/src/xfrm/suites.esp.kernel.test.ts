import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { inNetworkNamespace } from '@wireproof/ffi'
import { openRoute } from '../route/route.ts'
import { ip, testNamespace } from '../test-namespace.ts'
import type { XfrmAlgorithms } from './algorithms.ts'
import type { XfrmStateOptions } from './state.ts'
import { openXfrm } from './xfrm.ts'

const outputMark = { value: 0x0002_0d00, mask: 0xffff_0f00 }

const aead = (name: string, bytes: number): XfrmAlgorithms => ({
  aead: { name, key: randomBytes(bytes), icvBits: 128 },
})
const suites: Readonly<Record<string, XfrmAlgorithms>> = {
  'AES-GCM-128': aead('rfc4106(gcm(aes))', 20),
  'AES-GCM-256': aead('rfc4106(gcm(aes))', 36),
  'ChaCha20-Poly1305': aead('rfc7539esp(chacha20,poly1305)', 36),
  'AES-CBC with HMAC-SHA-256': {
    encryption: { name: 'cbc(aes)', key: randomBytes(16) },
    authentication: { name: 'hmac(sha256)', key: randomBytes(32), icvBits: 128 },
  },
}

/** How iproute2 tells of what protects an association. */
function shownAs({ aead, encryption, authentication }: XfrmAlgorithms): string[] {
  const hex = ({ key }: { key: Buffer }) => `0x${key.toString('hex')}`
  if (aead) return [`aead ${aead.name} ${hex(aead)} ${aead.icvBits}`]
  return [
    `auth-trunc ${authentication.name} ${hex(authentication)} ${authentication.icvBits}`,
    `enc ${encryption.name} ${hex(encryption)}`,
  ]
}

interface Outer {
  readonly addresses: readonly [string, string]
  readonly length: 24 | 64
}
const outers: Readonly<Record<string, Outer>> = {
  IPv4: { addresses: ['192.0.2.1', '192.0.2.2'], length: 24 },
  IPv6: { addresses: ['2001:db8::1', '2001:db8::2'], length: 64 },
}
const inner = [
  ['10.0.0.1', '10.0.0.2'],
  ['fd00::1', 'fd00::2'],
] as const
const single = (address: string) => `${address}/${address.includes(':') ? 128 : 32}`

/** Two namespaces on one wire; traffic between their inner addresses has to be encrypted. */
function twoHosts(context: TestContext, { addresses, length }: Outer) {
  const hosts = [0, 1].map(() => testNamespace(context))
  hosts.forEach(({ path }, own) => {
    using route = inNetworkNamespace(path, openRoute)
    if (own === 0) route.addVeth({ name: 'wire', peer: { name: 'wire', namespace: hosts[1]!.path } })
    route.setLink('lo', { up: true })
    route.setLink('wire', { up: true })
    route.addAddress('wire', `${addresses[own]}/${length}`, { noDuplicateDetection: true })
    for (const pair of inner) {
      route.addAddress('lo', single(pair[own]!), { noDuplicateDetection: true })
      route.addRoute({ destination: single(pair[1 - own]!), device: 'wire', source: pair[own]! })
    }
  })
  return hosts.map(({ name, path }, own) => {
    const xfrm = inNetworkNamespace(path, openXfrm)
    context.after(() => xfrm.close())
    for (const pair of inner) {
      const template = (from: number) => ({
        source: addresses[from]!,
        destination: addresses[1 - from]!,
        reqid: 7,
        mode: 'tunnel' as const,
      })
      const [here, there] = [single(pair[own]!), single(pair[1 - own]!)]
      xfrm.addPolicies([
        { direction: 'out', source: here, destination: there, priority: 1, template: template(own) },
        { direction: 'in', source: there, destination: here, priority: 1, template: template(1 - own) },
      ])
    }
    return { name, xfrm }
  })
}

function ping(from: string, address: string): string {
  return execFileSync('ip', ['netns', 'exec', from, 'ping', '-c', '3', '-i', '0.05', '-W', '1', address], {
    encoding: 'utf8',
    stdio: 'pipe',
  })
}

// Two packets before the lower half of the sequence number begins anew: six cross that line.
const before = (1n << 32n) - 3n

for (const [family, outer] of Object.entries(outers))
  for (const [name, algorithms] of Object.entries(suites))
    test(`${name} with ESN over ${family}: as iproute2 shows it, as it was given, and across the 32-bit line`, (context) => {
      const hosts = twoHosts(context, outer)
      const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]]
      const states = outer.addresses.map(
        (source, from): XfrmStateOptions => ({
          source,
          destination: outer.addresses[1 - from]!,
          spi: 0x101 + from,
          reqid: 7,
          mode: 'tunnel',
          ...algorithms,
          replayWindow: 1024,
          esn: true,
          outputMark,
        }),
      )
      for (const { xfrm } of hosts)
        xfrm.addStates(states.map((state) => ({ ...state, goOnAfter: { sent: before, received: before } })))

      const found = (host: typeof a, spi: number) => host.xfrm.states().find((state) => state.spi === spi)!
      for (const state of states) {
        const { lifetime, replay, failures, added, used, lastUsed, ...options } = found(a, state.spi)
        assert.deepEqual(options, state)
        assert.deepEqual([replay.sent, replay.received, replay.bitmap?.length], [before, before, 128])
      }
      const shown = ip(a.name, 'xfrm', 'state')
      for (const words of [
        `src ${outer.addresses[0]} dst ${outer.addresses[1]}`,
        'proto esp spi 0x00000101 reqid 7 mode tunnel',
        'flag af-unspec esn',
        ...shownAs(algorithms),
        'seq-hi 0x0, seq 0xfffffffd, oseq-hi 0x0, oseq 0xfffffffd',
        'replay_window 1024, bitmap-length 32',
        'output-mark 0x20d00/0xffff0f00',
      ])
        assert.ok(shown.includes(words), `${JSON.stringify(words)} is not in what iproute2 shows`)

      for (const [, address] of inner) assert.match(ping(a.name, address), / 3 received/)
      assert.equal(found(a, 0x101).replay.sent, before + 6n)
      assert.equal(found(b, 0x101).replay.received, before + 6n)
      assert.equal(found(b, 0x101).lifetime.packets, 6)
      assert.match(ip(a.name, 'xfrm', 'state'), /oseq-hi 0x1, oseq 0x3\b/)
      const { bitmap } = found(b, 0x101).replay
      const received = (sequence: bigint) => {
        const bit = Number((sequence - 1n) % 1024n)
        return (bitmap![bit >> 3]! >> (bit & 7)) & 1
      }
      assert.deepEqual(
        [1n, 2n, 6n, 7n].map((later) => received(before + later)),
        [1, 1, 1, 0],
      )
      assert.deepEqual(b.xfrm.statistics().XfrmInNoStates, 0)

      // The control: without the association nothing arrives, so it was what carried the packets.
      b.xfrm.deleteStates([states[0]!])
      assert.throws(() => ping(a.name, inner[0][1]), { status: 1 })
    })
