import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  askedUnder,
  Datapath,
  decryptedFrom,
  here,
  type Mode,
  markEncrypt,
  there,
  world,
} from './datapath.ts'
import { type Addresses, ethernet, icmp, ipv4, ipv6, protocols, udp } from './frames.ts'

/** That of which test packets come, and which may be asked for. */
const [asker, service] = [40_000, 6443]
const spi = 0x3012_3456
const out = { source: here.underlay, destination: there.underlay }
const back = { source: there.underlay, destination: here.underlay }
const question = (ends: Addresses) => ethernet('ipv4', ipv4(ends, protocols.udp, udp(service)))
const ordinary = (ends: Addresses) => ethernet('ipv4', ipv4(ends, protocols.udp, udp(7000)))
const esp = (ends: Addresses) => ethernet('ipv4', ipv4(ends, protocols.esp, Buffer.alloc(64)))

/** Both nodes in scope. @param other what is known of the keys for the other. */
function datapath(mode: Mode, other: { isKeyless?: true; spi?: number } = { spi }): Datapath {
  const datapath = new Datapath(mode)
  datapath.protectNode(here)
  datapath.protectNode(there, other)
  return datapath
}

const clear = [
  ['to_wire', out, 'to-wire', 'clear-on-wire'],
  ['from_wire', back, 'from-wire', 'clear-from-wire'],
] as const

for (const [program, ends, hook, reason] of clear) {
  test(`strict: ${hook} drops what one node sends another in clear, with keys and without`, () => {
    for (const other of [{ spi }, { isKeyless: true }] as const) {
      using kernel = datapath('strict', other)
      const { passed, decision } = kernel.run(program, ordinary(ends))
      assert.deepEqual([passed, decision], [false, `${hook}/dropped/${reason}`])
    }
  })

  test(`permissive and off: ${hook} lets it pass, and says so`, () => {
    using permissive = datapath('permissive')
    assert.equal(permissive.run(program, ordinary(ends)).decision, `${hook}/clear/${reason}`)
    using off = datapath('off')
    assert.equal(off.run(program, ordinary(ends)).decision, `${hook}/clear/encryption-off`)
  })

  test(`${hook} lets ESP between nodes pass, and of IPv6 what finds a neighbour; nothing else of ICMP`, () => {
    using kernel = datapath('strict')
    assert.equal(kernel.run(program, esp(ends)).decision, `${hook}/encrypted/protected`)
    for (const node of [
      { underlay: 'fdff::1', id: here.id },
      { underlay: 'fdff::2', id: there.id },
    ])
      kernel.protectNode(node)
    const ends6 = program === 'to_wire' ? ['fdff::1', 'fdff::2'] : ['fdff::2', 'fdff::1']
    const message = (type: number) =>
      ethernet(
        'ipv6',
        ipv6({ source: ends6[0]!, destination: ends6[1]! }, protocols.icmp6, icmp(type, Buffer.alloc(24))),
      )
    for (const type of [133, 135, 136, 137]) assert.equal(kernel.run(program, message(type)).passed, true)
    for (const type of [128, 129, 138]) assert.equal(kernel.run(program, message(type)).passed, false)
  })

  test(`control: ${hook} has nothing against it where one of the nodes is out of scope`, () => {
    for (const only of [here, there]) {
      using kernel = new Datapath('strict')
      kernel.protectNode(only)
      assert.equal(kernel.run(program, ordinary(ends)).decision, `${hook}/forwarded/not-protected`)
    }
  })
}

test('a node in scope and a pod elsewhere: what the pod sends is marked, and nothing passes in clear', () => {
  using kernel = datapath('strict')
  const toNode = kernel.run('from_pod', ordinary({ source: here.pod, destination: there.underlay }))
  assert.deepEqual([toNode.decision, toNode.mark], ['from-pod/encrypted/protected', markEncrypt])
  const decisions = [
    kernel.run('to_wire', ordinary({ source: here.pod, destination: there.underlay })),
    kernel.run('to_wire', ordinary({ source: here.underlay, destination: there.pod })),
    kernel.run('from_wire', ordinary({ source: there.underlay, destination: here.pod })),
    kernel.run('to_pod', ordinary({ source: there.underlay, destination: here.pod })),
  ].map(({ decision }) => decision)
  assert.deepEqual(decisions, [
    'to-wire/dropped/clear-on-wire',
    'to-wire/dropped/clear-on-wire',
    'from-wire/dropped/clear-from-wire',
    'to-pod/dropped/clear-from-wire',
  ])
})

test('what is decrypted must come from the node whose key it was', () => {
  using kernel = datapath('strict')
  assert.equal(kernel.run('from_wire', ordinary(back), decryptedFrom(there.id)).passed, true)
  assert.equal(
    kernel.run('from_wire', ordinary(back), decryptedFrom(there.id + 1)).decision,
    'from-wire/dropped/wrong-node',
  )
  assert.equal(
    kernel.run('from_wire', ordinary({ ...back, source: world }), decryptedFrom(there.id)).decision,
    'from-wire/dropped/wrong-node',
  )
})

test('without keys an exempt service may be asked, and may answer; nothing else may', () => {
  using kernel = datapath('strict', { isKeyless: true })
  kernel.exemptService(protocols.udp, service)
  assert.equal(kernel.run('to_wire', question(out)).decision, 'to-wire/forwarded/exempt')
  const asked = kernel.run('from_wire', question(back))
  assert.deepEqual([asked.decision, asked.mark], ['from-wire/forwarded/exempt', 0])
  assert.equal(kernel.run('to_wire', ordinary(out)).passed, false)
  // What comes from that port is an answer of a service.
  kernel.exemptService(protocols.udp, asker)
  assert.equal(kernel.run('to_wire', ordinary(out)).decision, 'to-wire/forwarded/exempt')
  assert.equal(kernel.run('from_wire', ordinary(back)).decision, 'from-wire/forwarded/exempt')
})

test('with keys nothing is asked in clear, and only who was asked in clear answers in clear', () => {
  using kernel = datapath('strict')
  kernel.exemptService(protocols.udp, service)
  assert.equal(kernel.run('to_wire', question(out)).decision, 'to-wire/dropped/clear-on-wire')
  const asked = kernel.run('from_wire', question(back))
  assert.deepEqual([asked.decision, asked.mark], ['from-wire/forwarded/exempt', askedUnder(spi)])
  kernel.exemptService(protocols.udp, asker)
  assert.equal(kernel.run('to_wire', ordinary(out), askedUnder(spi)).decision, 'to-wire/forwarded/exempt')
  assert.equal(kernel.run('to_wire', ordinary(out)).decision, 'to-wire/dropped/clear-on-wire')
  assert.equal(
    kernel.run('from_wire', ordinary(back)).decision,
    'from-wire/dropped/clear-from-wire',
    'an answer that nobody without keys can have asked for',
  )
})

test('what is exempt is a service of a protocol: neither its port of another, nor a fragment, nor a pod', () => {
  using kernel = datapath('strict', { isKeyless: true })
  kernel.exemptService(protocols.tcp, service)
  assert.equal(kernel.run('to_wire', question(out)).passed, false)
  kernel.exemptService(protocols.udp, service)
  const first = ipv4(out, protocols.udp, udp(service), { moreFragments: true })
  assert.equal(kernel.run('to_wire', ethernet('ipv4', first)).passed, false)
  assert.equal(kernel.run('to_wire', question({ ...out, source: here.pod })).passed, false)
  assert.equal(kernel.run('from_wire', question({ ...back, source: there.pod })).passed, false)
})
