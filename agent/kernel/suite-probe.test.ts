import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetlinkError, type Xfrm, type XfrmStateOptions } from '@wireproof/netlink'
import { suiteNames, suiteOf, suites } from '../keys/suite.ts'
import { requireSuite } from './suite-probe.ts'

const gcm = suites['aes-gcm-128']

const noWait = () => {}

/** A kernel that answers new associations one way after the other, and takes them when nothing is left to answer. */
function kernel(...codes: string[]) {
  const did: string[] = []
  const asked: XfrmStateOptions[] = []
  const answers: Partial<Xfrm> = {
    addStates([state]) {
      did.push('add')
      asked.push(state!)
      const code = codes.shift()
      if (code) throw new NetlinkError({ code, errno: 1, request: 'add SA', extended: 'as it says' })
    },
    deleteStates() {
      did.push('delete')
    },
  }
  return { did, asked, xfrm: answers as Xfrm }
}

/** A kernel that refuses however long one waits for its modules. */
const lacking = (code: string) => kernel(...Array<string>(1000).fill(code))

test('a kernel that takes the probe can encrypt, and the probe is taken away', () => {
  const { did, xfrm } = kernel()
  requireSuite(xfrm, gcm)
  assert.deepEqual(did, ['add', 'delete'])
})

test('the probe is of the suite that is asked for, with extended sequence numbers and the window in use', () => {
  for (const name of suiteNames) {
    const { asked, xfrm } = kernel()
    requireSuite(xfrm, suites[name])
    assert.equal(suiteOf(asked[0]!), suites[name])
    assert.deepEqual([asked[0]!.esn, asked[0]!.replayWindow], [true, 1024])
  }
})

test('a kernel is asked once for each suite', () => {
  const { did, xfrm } = kernel()
  for (const suite of [gcm, gcm, suites['aes-gcm-256'], gcm]) requireSuite(xfrm, suite)
  assert.deepEqual(did, ['add', 'delete', 'add', 'delete'])
})

test('a kernel that is loading what it needs is waited for', () => {
  const { did, xfrm } = kernel('EPROTONOSUPPORT', 'ENOSYS')
  requireSuite(xfrm, gcm, noWait)
  assert.deepEqual(did, ['add', 'add', 'add', 'delete'])
})

test('a kernel that refused is asked again, and not waited for a second time', () => {
  const { did, xfrm } = lacking('ENOSYS')
  assert.throws(() => requireSuite(xfrm, gcm, noWait))
  const asked = did.length
  assert.throws(() => requireSuite(xfrm, gcm, () => assert.fail('waited')))
  assert.equal(did.length, asked + 1)
})

test('a probe that an interrupted start left says nothing about this suite: it is taken away, and the kernel asked', () => {
  const { did, xfrm } = kernel('EEXIST')
  requireSuite(xfrm, gcm)
  assert.deepEqual(did, ['add', 'delete', 'add', 'delete'])
  assert.throws(
    () => requireSuite(kernel('EEXIST', ...Array<string>(1000).fill('ENOSYS')).xfrm, gcm, noWait),
    { code: 'ENOESP' },
  )
})

test('a kernel without ESP is said to lack it, with the remedy and exit code 3', () => {
  assert.throws(() => requireSuite(lacking('EPROTONOSUPPORT').xfrm, gcm, noWait), {
    code: 'ENOESP',
    exitCode: 3,
    message: /it has no ESP \(EPROTONOSUPPORT: as it says\)/,
    remedy: /CONFIG_INET_ESP/,
  })
})

test('a kernel without the algorithms of a suite is said to lack them, by the options it would need', () => {
  for (const [name, said, option] of [
    ['aes-gcm-256', /rfc4106/, /CONFIG_CRYPTO_GCM/],
    ['chacha20-poly1305', /rfc7539esp/, /CONFIG_CRYPTO_CHACHA20POLY1305/],
    ['aes-cbc-hmac-sha256', /cbc\(aes\) with hmac\(sha256\)/, /CONFIG_CRYPTO_CBC.*CONFIG_CRYPTO_SHA256/],
  ] as const)
    for (const code of ['ENOSYS', 'ENOENT'])
      assert.throws(() => requireSuite(lacking(code).xfrm, suites[name], noWait), {
        code: 'ENOESP',
        exitCode: 3,
        message: said,
        remedy: option,
      })
})

test('a process without the right to configure IPsec is told so', () => {
  assert.throws(() => requireSuite(kernel('EPERM').xfrm, gcm), {
    code: 'EPERM',
    exitCode: 3,
    remedy: /CAP_NET_ADMIN/,
  })
})
