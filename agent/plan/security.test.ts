import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { XfrmStateOptions } from '@wireproof/netlink'
import { algorithmsOf, keyBytes, type SuiteName, suiteNames, suites } from '../keys/suite.ts'
import { sameState } from './security.ts'

/** As it is wanted, or read from the kernel: every call makes buffers of its own. */
function association(
  name: SuiteName,
  changes: Partial<XfrmStateOptions> = {},
  lastByte = 0,
): XfrmStateOptions {
  const key = Buffer.alloc(keyBytes(suites[name]), 7)
  key[key.length - 1]! += lastByte
  return {
    source: '192.168.0.1',
    destination: '192.168.0.2',
    spi: 0x1001,
    reqid: 1,
    mode: 'tunnel',
    esn: true,
    replayWindow: 1024,
    ...algorithmsOf(suites[name], key),
    ...changes,
  } as XfrmStateOptions
}

test('an association is the one that is wanted when all of it is the same', () => {
  for (const name of suiteNames) assert.ok(sameState(association(name), association(name)), name)
})

test('it is another one with another key, of the cipher or of what authenticates', () => {
  for (const name of suiteNames) assert.ok(!sameState(association(name), association(name, {}, 1)), name)
  const separate = association('aes-cbc-hmac-sha256')
  const encryption = { ...separate.encryption!, key: Buffer.alloc(16, 8) }
  assert.ok(!sameState(separate, { ...separate, encryption } as XfrmStateOptions))
})

test('it is another one with another suite, although the key is as long', () => {
  for (const name of suiteNames)
    for (const other of suiteNames)
      assert.equal(sameState(association(name), association(other)), name === other, `${name}, ${other}`)
})

test('it is another one without extended sequence numbers, or with another window or mark', () => {
  const wanted = association('aes-gcm-128')
  for (const changes of [
    { esn: false },
    { replayWindow: 64 },
    { outputMark: { value: 1, mask: 1 } },
    { reqid: 2 },
  ])
    assert.ok(!sameState(wanted, association('aes-gcm-128', changes)))
})
