import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { XfrmState } from '@wireproof/netlink'
import { algorithmsOf, keyBytes, suiteNames, suites } from '../keys/suite.ts'
import { overwriteKeys } from './xfrm.ts'

test('of what was read from the kernel no key is left, of whatever suite', () => {
  for (const name of suiteNames) {
    const key = Buffer.alloc(keyBytes(suites[name]), 7)
    overwriteKeys([algorithmsOf(suites[name], key) as XfrmState])
    assert.deepEqual(key, Buffer.alloc(key.length))
  }
})
