import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { XfrmState } from '@wireproof/netlink'
import type { PeerPlan } from '../plan/peer.ts'
import {
  associationsOf,
  epochsOf,
  keyStatus,
  peerStatuses,
  sequenceLimit,
  sequenceStatus,
  suiteOf,
} from './peer-status.ts'

const key = Buffer.from('0123456789abcdef0123456789abcdef01234567', 'hex')

function state(source: string, destination: string, spi: number, changes: Partial<XfrmState> = {}) {
  return {
    source,
    destination,
    spi,
    reqid: 1,
    mode: 'tunnel',
    aead: { name: 'rfc4106(gcm(aes))', key, icvBits: 128 },
    lifetime: { packets: 10, bytes: 1000 },
    replay: { sent: 0n, received: 0n },
    added: 1000,
    lastUsed: 0,
    ...changes,
  } as XfrmState
}

const [here, there] = ['192.168.0.1', '192.168.0.2']
const outgoing = state(here, there, 0x40000001, { replay: { sent: 9n, received: 0n }, lastUsed: 2000 })
const arriving = state(there, here, 0x40000002, { lastUsed: 3000 })
const earlier = state(there, here, 0x30000002, { added: 500, lastUsed: 2500 })

const peer = {
  node: { name: 'n2', id: 2, underlay: there, podCidr: '10.0.2.0/24' },
  outboundSpi: outgoing.spi,
  inboundSpi: arriving.spi,
  retained: [],
  waiting: undefined,
} as unknown as PeerPlan

test('a peer is told with what the kernel holds for it, and when it was last heard', () => {
  assert.deepEqual(peerStatuses([peer], [outgoing, arriving]), [
    {
      node: 'n2',
      outboundSpi: 0x40000001,
      inboundSpi: 0x40000002,
      outboundEpoch: 4,
      inboundEpoch: 4,
      sends: true,
      receives: true,
      lastDecrypted: '1970-01-01T00:50:00.000Z',
    },
  ])
})

test('an association that is planned and not there is no association', () => {
  const [status] = peerStatuses([{ ...peer, waiting: 'it does not receive yet' }], [arriving])
  assert.deepEqual([status?.sends, status?.receives], [false, true])
  assert.equal(status?.waiting, 'it does not receive yet')
})

test('a peer whose agent has never run has neither keys nor a last packet', () => {
  const unknown = { ...peer, outboundSpi: undefined, inboundSpi: undefined } as PeerPlan
  assert.deepEqual(peerStatuses([unknown], []), [{ node: 'n2', sends: false, receives: false }])
})

test('while packets may come under two keys, the epoch of what is received is not claimed', () => {
  assert.deepEqual(epochsOf([peer]).get('n2'), { out: 4, in: 4 })
  assert.deepEqual(epochsOf([{ ...peer, retained: [earlier] }]).get('n2'), { out: 4, in: undefined })
  assert.deepEqual(epochsOf([{ ...peer, retained: [outgoing] }]).get('n2'), { out: 4, in: 4 })
})

test('associations are told by peer and direction, apart from those of earlier keys, without their keys', () => {
  const told = associationsOf([peer], [outgoing, arriving, earlier, state('10.9.9.9', here, 5)])
  assert.deepEqual(
    told.map(({ peer, direction, state }) => `${peer} ${direction} ${state}`),
    ['n2 out current', 'n2 in current', 'n2 in earlier'],
  )
  assert.ok(!JSON.stringify(told).includes(key.toString('hex')))
  assert.ok(!JSON.stringify(peerStatuses([peer], [outgoing, arriving])).includes(key.toString('hex')))
})

test('the age of a key is that of its oldest association', () => {
  assert.deepEqual(keyStatus(4, [outgoing, { ...arriving, added: 900 }, earlier]), {
    id: 4,
    since: '1970-01-01T00:15:00.000Z',
  })
  assert.deepEqual(keyStatus(5, [outgoing]), { id: 5 })
})

test('the highest sequence number and the suite are the kernel’s', () => {
  assert.deepEqual(sequenceStatus([outgoing, arriving]), { highest: 9, limit: sequenceLimit })
  assert.equal(suiteOf([outgoing, arriving]), 'rfc4106(gcm(aes)) 128')
  assert.equal(suiteOf([]), undefined)
})
