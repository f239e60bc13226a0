import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decryptedMarkOf, markEncrypt, markMask } from '../kernel/datapath-layout.ts'
import { keyBytes, type SuiteName, suiteNames, suites } from '../keys/suite.ts'
import { encapsulationTo, overlayDevice, type Routing, vxlanOverhead } from './overlay.ts'
import { reqidOf } from './ownership.ts'
import { everyAddress } from './path.ts'
import { type PeerInput, planPeer } from './peer.ts'
import { nameOfPolicy } from './security.ts'

const number = 7
const life = { incarnation: '1'.repeat(32), revision: 1 }
const noTraffic = { self: false, peer: false, encrypts: true }

function planned(
  routing: Routing,
  {
    suite = 'aes-gcm-128',
    ipv6 = false,
    nodeTraffic = noTraffic,
  }: {
    readonly suite?: SuiteName
    readonly ipv6?: boolean
    readonly nodeTraffic?: PeerInput['nodeTraffic']
  } = {},
) {
  const describe = (id: number) => ({
    name: `n${id}`,
    underlay: ipv6 ? `fd56::${id}` : `192.168.0.${id}`,
    podCidrs: [`10.0.${id}.0/24`, `fd57:${id}::/64`],
  })
  const pairKey = (spi: number) => ({
    spi,
    suite: suites[suite],
    key: Buffer.alloc(keyBytes(suites[suite]), spi),
    fingerprint: `${spi}`,
  })
  const [self, node] = [describe(1), describe(2)]
  const said = {
    ...life,
    key: 'k',
    receives: 1,
    sends: 1,
    attempts: {},
    datapath: { encryptL3: true, strict: true },
  }
  return {
    self,
    node,
    plan: planPeer({
      self,
      life,
      key: { id: 3, suite: suites[suite], material: Buffer.alloc(keyBytes(suites[suite]), 1) },
      keyName: 'k',
      peer: { node, number, life, said },
      pair: () => ({ inbound: pairKey(0x3000_0001), attempt: 0, outbound: pairKey(0x3000_0002) }),
      present: { states: [], policies: [] },
      wire: { device: 'eth0', mtu: 1500 },
      routing,
      isHeir: false,
      nodeTraffic,
    }),
  }
}

for (const ipv6 of [false, true])
  test(`VXLAN between the nodes is what is encrypted and let in, and nothing between pods themselves: ${ipv6 ? 'IPv6' : 'IPv4'} on the wire`, () => {
    const { self, node, plan } = planned('vxlan', { ipv6 })
    const [own, theirs] = [self, node].map(({ underlay }) => `${underlay}/${ipv6 ? 128 : 32}`) as [
      string,
      string,
    ]
    const template = {
      source: node.underlay,
      destination: self.underlay,
      reqid: reqidOf(number),
      mode: 'tunnel',
    }
    const mark = { value: decryptedMarkOf(number), mask: markMask }
    const inbound = { source: theirs, destination: own, mark, priority: 1000, template }
    assert.deepEqual(plan.policies, [
      { direction: 'in', ...inbound },
      { direction: 'fwd', ...inbound },
      {
        direction: 'out',
        source: everyAddress[ipv6 ? 6 : 4],
        destination: theirs,
        mark: { value: markEncrypt, mask: markMask },
        priority: 1000,
        template: { ...template, source: self.underlay, destination: node.underlay, spi: plan.outboundSpi },
      },
    ])
  })

test('where nodes are in scope as well each policy is there once', () => {
  const { plan } = planned('vxlan', { nodeTraffic: { self: true, peer: true, encrypts: true } })
  const names = plan.policies.map(nameOfPolicy)
  assert.equal(new Set(names).size, names.length)
  assert.ok(plan.policies.some(({ direction, mark }) => direction === 'out' && mark === undefined))
})

test('associations do not depend on the routing', () => {
  assert.deepEqual(planned('vxlan').plan.states, planned('native').plan.states)
})

test('a route for each prefix of the peer says which node it is for, and nothing else does', () => {
  for (const ipv6 of [false, true]) {
    const { self, node, plan } = planned('vxlan', { ipv6 })
    assert.deepEqual(
      plan.routes.map(({ destination, device, encapsulation, via }) => [
        destination,
        device,
        encapsulation,
        via,
      ]),
      node.podCidrs.map((each) => [
        each,
        overlayDevice.name,
        encapsulationTo(self.underlay, node.underlay),
        undefined,
      ]),
    )
  }
})

test('routes leave room for ESP, and for VXLAN within it, with every suite and over both families', () => {
  const mtu = (routing: Routing, ipv6: boolean) =>
    suiteNames.map((suite) => planned(routing, { suite, ipv6 }).plan.routes[0]?.mtu)
  assert.deepEqual([vxlanOverhead(4), vxlanOverhead(6)], [50, 70])
  assert.deepEqual(mtu('native', false), [1443, 1443, 1443, 1423])
  assert.deepEqual(mtu('native', true), [1423, 1423, 1423, 1403])
  assert.deepEqual(mtu('vxlan', false), [1393, 1393, 1393, 1373])
  assert.deepEqual(mtu('vxlan', true), [1353, 1353, 1353, 1333])
})

test('where another network brings packets to the nodes there is no route of ours, and all that encrypts is the same', () => {
  const [given, native] = [planned('given').plan, planned('native').plan]
  assert.deepEqual([given.routes.length, native.routes.length], [0, 2])
  assert.deepEqual(given.policies, native.policies)
  assert.deepEqual(given.states, native.states)
})
