import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Association } from '../monitor/peer-status.ts'
import { PeerTrafficMeter } from './peer-traffic.ts'

const carried = (
  peer: string,
  spi: number,
  packets: number,
  direction: 'in' | 'out' = 'out',
): Association => ({
  peer,
  direction,
  spi,
  state: 'current',
  packets,
  bytes: packets * 100,
})

test('what a peer’s associations carry adds up over the change from one to the next', () => {
  const meter = new PeerTrafficMeter()
  assert.deepEqual(meter.read(['n2'], [carried('n2', 1, 5)]), [
    { peer: 'n2', direction: 'out', packets: 5, bytes: 500 },
  ])
  meter.read(['n2'], [carried('n2', 1, 8), carried('n2', 2, 1)])
  assert.equal(meter.read(['n2'], [carried('n2', 2, 4)])[0]?.packets, 12)
  // The same SPI again, counting from the start: another association.
  assert.equal(meter.read(['n2'], [carried('n2', 2, 3)])[0]?.packets, 15)
})

test('beyond the limit there is one series for all, which goes on counting', () => {
  const meter = new PeerTrafficMeter(2)
  const three = ['n2', 'n3', 'n4'].map((peer, index) => carried(peer, index, 10))
  assert.equal(meter.read(['n2', 'n3'], three.slice(0, 2)).length, 2)
  const all = meter.read(['n2', 'n3', 'n4'], three)
  assert.deepEqual(all, [{ peer: 'all', direction: 'out', packets: 30, bytes: 3000 }])
})

test('5,000 peers in both directions make two series', () => {
  const peers = Array.from({ length: 5000 }, (_, index) => `n${index}`)
  const associations = peers.flatMap((peer, index) => [
    carried(peer, index, 1, 'in'),
    carried(peer, index, 1, 'out'),
  ])
  assert.deepEqual(
    new PeerTrafficMeter().read(peers, associations).map(({ direction, packets }) => [direction, packets]),
    [
      ['in', 5000],
      ['out', 5000],
    ],
  )
})

test('a peer that has gone takes its series along', () => {
  const meter = new PeerTrafficMeter()
  meter.read(['n2', 'n3'], [carried('n2', 1, 5), carried('n3', 2, 5)])
  assert.deepEqual(
    meter.read(['n3'], [carried('n3', 2, 5)]).map(({ peer }) => peer),
    ['n3'],
  )
})
