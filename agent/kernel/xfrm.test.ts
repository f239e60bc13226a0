import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Xfrm } from '@wireproof/netlink'
import { requireEsp } from './xfrm.ts'

/** A kernel that answers every new association in one way. */
function kernel(code?: string) {
  const did: string[] = []
  const answers: Partial<Xfrm> = {
    addStates() {
      did.push('add')
      if (code) throw Object.assign(new Error(code), { code })
    },
    deleteStates() {
      did.push('delete')
    },
  }
  return { did, xfrm: answers as Xfrm }
}

test('a kernel that takes the probe can encrypt, and the probe is taken away', () => {
  const { did, xfrm } = kernel()
  requireEsp(xfrm)
  assert.deepEqual(did, ['add', 'delete'])
})

test('a probe that an interrupted start left is taken away too', () => {
  const { did, xfrm } = kernel('EEXIST')
  requireEsp(xfrm)
  assert.deepEqual(did, ['add', 'delete'])
})

test('a kernel without ESP is said to lack it, with the remedy and exit code 3', () => {
  assert.throws(() => requireEsp(kernel('EPROTONOSUPPORT').xfrm), {
    code: 'ENOESP',
    exitCode: 3,
    message: /no ESP with AES-GCM \(EPROTONOSUPPORT\)/,
    remedy: /CONFIG_INET_ESP/,
  })
})

test('a process without the right to configure IPsec is told so', () => {
  assert.throws(() => requireEsp(kernel('EPERM').xfrm), {
    code: 'EPERM',
    exitCode: 3,
    remedy: /CAP_NET_ADMIN/,
  })
})
