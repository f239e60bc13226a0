import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inNetworkNamespace } from '@wireproof/ffi'
import { offloads, setOffloads } from './ethtool.ts'
import { openRoute } from './route/route.ts'
import { testNamespace } from './test-namespace.ts'

test('offloads are switched off and on, and those not named stay', (context) => {
  const { path } = testNamespace(context)
  inNetworkNamespace(path, () => {
    using route = openRoute()
    route.addVeth({ name: 'eth0', peer: { name: 'eth1' } })
    const before = offloads('eth0')
    assert.deepEqual([before.tso, before.gso, before.txChecksum], [true, true, true])
    setOffloads('eth0', { tso: false, gso: false, gro: true, txChecksum: false })
    assert.deepEqual(offloads('eth0'), { ...before, tso: false, gso: false, gro: true, txChecksum: false })
    setOffloads('eth0', { gso: true, gro: false })
    const after = offloads('eth0')
    assert.deepEqual([after.gso, after.gro, after.tso], [true, false, false])
  })
})

test('a device that does not exist is named in the error', () => {
  assert.throws(() => setOffloads('none0', { gro: false }), { code: 'ENODEV', message: /gro of none0/ })
  assert.throws(() => setOffloads('a-name-of-16-byte', { gro: false }), TypeError)
})
