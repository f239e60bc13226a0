import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SecurityAssociation } from '../../agent/api.ts'
import { watchAssociations } from './association-watch.ts'

const association = (spi: number, key: string, packets: number): SecurityAssociation => ({
  node: 'n1',
  direction: 'out',
  source: '192.0.2.1',
  destination: '192.0.2.2',
  spi,
  reqid: 1,
  mode: 'tunnel',
  algorithm: 'rfc4106(gcm(aes))',
  key,
  icvBits: 128,
  packets,
  bytes: 0,
  esn: true,
  sequence: `${packets}`,
})

test('what has come and gone meanwhile is kept as it was last read, also under an SPI that came back', async () => {
  let held = [association(1, 'aa', 5)]
  const watch = watchAssociations({
    nodes: async () => [{ name: 'n1', id: 1, underlay: '192.0.2.1', podCidrs: ['10.0.1.0/24'] }],
    securityAssociations: async () => held,
  })
  await watch.look()
  held = [association(1, 'aa', 9), association(2, 'bb', 1)]
  await watch.look()
  held = [association(1, 'cc', 3)]
  const all = await watch.end()
  assert.deepEqual(
    all.map(({ spi, key, packets }) => [spi, key, packets]),
    [
      [1, 'aa', 9],
      [2, 'bb', 1],
      [1, 'cc', 3],
    ],
  )
})

test('a kernel that can no longer be read ends it with the reason', async () => {
  const broken = {
    nodes: () => Promise.reject(new Error('no such lab')),
    securityAssociations: async () => [],
  }
  const watch = watchAssociations(broken)
  await sleep(10)
  await assert.rejects(watch.end(), /no such lab/)
})

test('a node that leaves while it is read is no failure, and one that stays is', async () => {
  const node = (name: string) => ({ name, id: 1, underlay: '192.0.2.1', podCidrs: ['10.0.1.0/24'] })
  let there = [node('n1'), node('n2')]
  let leaves = true
  const watch = watchAssociations({
    nodes: async () => there,
    securityAssociations: async (name) => {
      if (name === 'n1') return [association(1, 'aa', 5)]
      if (leaves) there = [node('n1')]
      throw new Error('no such namespace')
    },
  })
  await watch.look()
  there = [node('n1'), node('n2')]
  leaves = false
  await assert.rejects(watch.look(), /no such namespace/)
  await watch.end().catch(() => {})
})
