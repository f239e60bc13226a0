import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { XfrmState } from '@wireproof/netlink'
import { describeAssociation } from './security-association.ts'

const state: XfrmState = {
  source: '192.168.0.1',
  destination: '192.168.0.2',
  spi: 0x1001,
  reqid: 7,
  mode: 'tunnel',
  encryption: { name: 'cbc(aes)', key: Buffer.alloc(16, 1) },
  authentication: { name: 'hmac(sha256)', key: Buffer.alloc(32, 2), icvBits: 128 },
  replayWindow: 1024,
  esn: true,
  lifetime: { packets: 3, bytes: 252 },
  replay: { sent: (5n << 32n) + 7n, received: (6n << 32n) + 8n },
  failures: { replayWindow: 0, replay: 0, integrity: 0 },
  added: 0,
  used: 0,
  lastUsed: 0,
}

test('an association with two algorithms has both keys, and the last sequence number with all its bits', () => {
  const described = describeAssociation('n1', state, true)
  assert.deepEqual(
    [described.algorithm, described.key, described.integrity, described.icvBits],
    ['cbc(aes)', '01'.repeat(16), { algorithm: 'hmac(sha256)', key: '02'.repeat(32) }, 128],
  )
  assert.deepEqual([described.direction, described.esn, described.sequence], ['out', true, '21474836487'])
  assert.equal(describeAssociation('n2', state, false).sequence, '25769803784')
})

test('an association with an algorithm that no agent of ours uses is not passed off as another', () => {
  const { encryption: _, authentication: __, ...rest } = state
  const aead = { name: 'rfc4543(gcm(aes))', key: Buffer.alloc(20), icvBits: 128 }
  assert.throws(() => describeAssociation('n1', { ...rest, aead }, true), /rfc4543.* is none of ours/)
})
