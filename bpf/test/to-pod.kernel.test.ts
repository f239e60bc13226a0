import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Datapath, decryptedFrom, here, type Mode, there, third, world } from './datapath.ts'
import { cutShort, datagram, ethernet } from './frames.ts'

const across = { source: there.pod, destination: here.pod }

test('what the SA of the source node opened reaches the pod as decrypted', () => {
  using datapath = new Datapath('strict')
  const { passed, decision } = datapath.run('to_pod', datagram(across), decryptedFrom(there.id))
  assert.deepEqual([passed, decision], [true, 'to-pod/decrypted/protected'])
})

for (const mode of ['strict', 'permissive', 'off'] as const) {
  test(`${mode}: what the SA of another node opened does not`, () => {
    using datapath = new Datapath(mode)
    const { passed, decision } = datapath.run('to_pod', datagram(across), decryptedFrom(third.id))
    assert.deepEqual([passed, decision], [false, 'to-pod/dropped/wrong-node'])
  })
}

const outcomes: Record<Mode, readonly [boolean, string]> = {
  strict: [false, 'to-pod/dropped/clear-from-wire'],
  permissive: [true, 'to-pod/clear/clear-from-wire'],
  off: [true, 'to-pod/clear/encryption-off'],
  unconfigured: [false, 'to-pod/dropped/not-configured'],
}

for (const mode of Object.keys(outcomes) as Mode[]) {
  test(`${mode}: a packet of another node's pod in clear: ${outcomes[mode][1]}`, () => {
    using datapath = new Datapath(mode)
    const { passed, decision } = datapath.run('to_pod', datagram(across))
    assert.deepEqual([passed, decision], outcomes[mode])
  })
}

test('pods of the node, the node itself and the world need no mark', () => {
  using datapath = new Datapath('strict')
  const decisions = [here.other, here.underlay, world].map(
    (source) => datapath.run('to_pod', datagram({ ...across, source })).decision,
  )
  assert.deepEqual(decisions, [
    'to-pod/forwarded/same-node',
    'to-pod/forwarded/not-protected',
    'to-pod/forwarded/not-protected',
  ])
})

test('until the agent has spoken a pod receives ARP only', () => {
  using datapath = new Datapath('unconfigured')
  assert.equal(datapath.run('to_pod', datagram({ ...across, source: here.other })).passed, false)
  assert.equal(datapath.run('to_pod', ethernet('lldp', Buffer.alloc(46))).passed, false)
  assert.equal(datapath.run('to_pod', ethernet('arp', Buffer.alloc(46))).passed, true)
})

test('a header that does not fit its packet does not pass', () => {
  using datapath = new Datapath('strict')
  const { passed, decision } = datapath.run('to_pod', cutShort(across))
  assert.deepEqual([passed, decision], [false, 'to-pod/dropped/malformed'])
})
