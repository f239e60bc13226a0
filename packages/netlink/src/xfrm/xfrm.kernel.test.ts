import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { inNetworkNamespace } from '@wireproof/ffi'
import { NetlinkBatchError } from '../error.ts'
import { ip, testNamespace } from '../test-namespace.ts'
import type { XfrmPolicy } from './policy.ts'
import { openXfrm } from './xfrm.ts'

function xfrmIn(context: TestContext) {
  const { name, path } = testNamespace(context)
  const xfrm = inNetworkNamespace(path, openXfrm)
  context.after(() => xfrm.close())
  return { name, path, xfrm }
}

function policy(number: number): XfrmPolicy {
  return {
    direction: 'out',
    source: '10.0.0.0/24',
    destination: `10.${1 + (number >> 8)}.${number & 255}.0/24`,
    priority: 100 + (number % 7),
    action: 'allow',
    mark: { value: 0xe00, mask: 0xffff0f00 },
    template: { source: '192.0.2.1', destination: '192.0.2.2', reqid: 1, mode: 'tunnel' },
  }
}

const byDestination = (a: XfrmPolicy, b: XfrmPolicy) => (a.destination < b.destination ? -1 : 1)

test('policies are listed as they were added, and iproute2 sees the same', (context) => {
  const { name, xfrm } = xfrmIn(context)
  const wanted: XfrmPolicy[] = [
    policy(0),
    { direction: 'in', source: '10.1.0.0/24', destination: '10.0.0.0/24', priority: 9, action: 'block' },
    {
      direction: 'fwd',
      source: 'fd00:1::/64',
      destination: 'fd00:2::/64',
      priority: 9,
      action: 'allow',
      template: {
        source: '2001:db8::1',
        destination: '2001:db8::2',
        reqid: 2,
        spi: 0x77,
        mode: 'transport',
        optional: true,
      },
    },
    { ...policy(1), protocol: 17, destinationPort: 4789 },
    { ...policy(2), protocol: 58, sourcePort: 135 },
  ]
  xfrm.addPolicies(wanted)
  assert.deepEqual(xfrm.policies().sort(byDestination), [...wanted].sort(byDestination))
  const shown = ip(name, 'xfrm', 'policy')
  for (const words of [
    'src 10.0.0.0/24 dst 10.1.0.0/24 \n\tdir out priority 100 ',
    'src 10.0.0.0/24 dst 10.1.1.0/24 proto udp dport 4789 \n\tdir out priority 101 ',
    'mark 0xe00/0xffff0f00',
    'tmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 1 mode tunnel',
    'dir in action block priority 9',
    'proto esp spi 0x00000077 reqid 2 mode transport\n\t\tlevel use',
  ])
    assert.ok(shown.includes(words), `${JSON.stringify(words)} is not in:\n${shown}`)
})

test('IPv6 inside and outside, in all four ways, is listed as it was added, found by its mark, updated and deleted', (context) => {
  const { name, xfrm } = xfrmIn(context)
  xfrm.setHashThresholds({ ipv4: [0, 16], ipv6: [0, 48] })
  const mark = { value: 0x0002_0e00, mask: 0xffff_0f00 }
  const inner = [
    ['0.0.0.0/0', '10.1.0.0/24'],
    ['::/0', 'fd00:1:2::/64'],
  ] as const
  const outer = [
    ['192.0.2.1', '192.0.2.2'],
    ['2001:db8::1', '2001:db8::ffff:0:2'],
  ] as const
  const wanted = inner.flatMap(([source, destination], at) =>
    outer.map(([from, to], number): XfrmPolicy => {
      const template = { source: from, destination: to, reqid: 1, spi: 0x77, mode: 'tunnel' } as const
      const id = { source, destination, mark: { ...mark, value: mark.value + ((2 * at + number) << 16) } }
      return { ...id, direction: 'out', priority: 9, action: 'allow', template }
    }),
  )
  xfrm.addPolicies(wanted)
  const byMark = (a: XfrmPolicy, b: XfrmPolicy) => a.mark!.value - b.mark!.value
  assert.deepEqual(xfrm.policies().sort(byMark), wanted)
  assert.match(
    ip(name, 'xfrm', 'policy'),
    /src ::\/0 dst fd00:1:2::\/64 \n\tdir out priority 9 ptype main \n\tmark 0x50e00\/0xffff0f00 \n\ttmpl src 2001:db8::1 dst 2001:db8::ffff:0:2\n/,
  )
  const later = wanted.map((policy) => ({ ...policy, priority: 11 }))
  xfrm.updatePolicies(later)
  assert.deepEqual(xfrm.policies().sort(byMark), later)
  xfrm.deletePolicies(later.slice(1))
  assert.deepEqual(xfrm.policies(), later.slice(0, 1))
})

test('what iproute2 added is listed, updated in place and deleted', (context) => {
  const { name, xfrm } = xfrmIn(context)
  ip(
    name,
    ...'xfrm policy add src 10.0.0.0/24 dst 10.1.0.0/24 dir out priority 5 mark 0xe00 mask 0xffff0f00'.split(
      ' ',
    ),
  )
  const [found] = xfrm.policies()
  assert.deepEqual([found?.priority, found?.template], [5, undefined])
  xfrm.updatePolicies([policy(0)])
  assert.deepEqual(xfrm.policies(), [policy(0)])
  xfrm.deletePolicies([policy(0)])
  assert.deepEqual(xfrm.policies(), [])
})

test('a policy is deleted only under its own mark, and its own port', (context) => {
  const { xfrm } = xfrmIn(context)
  const own = { ...policy(0), protocol: 17, destinationPort: 4789 }
  xfrm.addPolicies([own])
  for (const other of [{ mark: { value: 0xd00, mask: 0xffff0f00 } }, { destinationPort: 8472 }])
    assert.throws(() => xfrm.deletePolicies([{ ...own, ...other }]), { code: 'ENOENT' })
  assert.equal(xfrm.policies().length, 1)
  xfrm.deletePolicies([own])
  assert.equal(xfrm.policies().length, 0)
})

test('a batch names each policy that was refused, and all others are there', (context) => {
  const { xfrm } = xfrmIn(context)
  const policies = Array.from({ length: 5000 }, (_, number) => policy(number))
  const twice = [17, 1234, 4999]
  xfrm.addPolicies(twice.map((number) => policies[number]!))
  assert.throws(
    () => xfrm.addPolicies(policies),
    (error) => {
      assert.ok(error instanceof NetlinkBatchError)
      assert.deepEqual([error.code, error.total], ['EEXIST', 5000])
      assert.deepEqual(
        error.failures.map(({ index, code }) => [index, code]),
        twice.map((index) => [index, 'EEXIST']),
      )
      assert.equal(
        error.failures[0]?.request,
        'add policy out 10.0.0.0/24 -> 10.1.17.0/24 mark 0xe00/0xffff0f00',
      )
      return true
    },
  )
  assert.deepEqual(xfrm.policies().sort(byDestination), policies.sort(byDestination))
})

test('a mistake anywhere in a batch is found before anything is sent', (context) => {
  const { xfrm } = xfrmIn(context)
  const policies = Array.from({ length: 5000 }, (_, number) => policy(number))
  assert.throws(() => xfrm.addPolicies([...policies, { ...policy(0), source: '10.0.0.300/24' }]), TypeError)
  assert.deepEqual(xfrm.policies(), [])
  xfrm.addPolicies(policies)
  assert.equal(xfrm.policies().length, 5000)
})

test('a batch of which every one is refused loses no refusal', (context) => {
  const { xfrm } = xfrmIn(context)
  const policies = Array.from({ length: 5000 }, (_, number) => policy(number))
  assert.throws(
    () => xfrm.deletePolicies(policies),
    (error) => error instanceof NetlinkBatchError && error.failures.length === policies.length,
  )
})

test('5,000 policies are listed completely, and flushed; an empty table flushes too', (context) => {
  const { xfrm } = xfrmIn(context)
  const policies = Array.from({ length: 5000 }, (_, number) => policy(number))
  xfrm.setHashThresholds({ ipv4: [24, 24] })
  xfrm.addPolicies(policies)
  assert.deepEqual(xfrm.policies().sort(byDestination), policies.sort(byDestination))
  xfrm.flushPolicies()
  assert.deepEqual(xfrm.policies(), [])
  xfrm.flushPolicies()
  xfrm.flushStates()
})

test('hash thresholds are what the kernel then reports', (context) => {
  const { name, xfrm } = xfrmIn(context)
  xfrm.setHashThresholds({ ipv4: [16, 17], ipv6: [64, 65] })
  assert.match(
    ip(name, '-s', '-s', 'xfrm', 'policy', 'count'),
    /SPD IPv4 thresholds: local 16 remote 17\s+SPD IPv6 thresholds: local 64 remote 65/,
  )
})

test("the statistics are those of the socket's namespace, not of the thread's", (context) => {
  const { path, xfrm } = xfrmIn(context)
  const file = inNetworkNamespace(path, () => readFileSync('/proc/thread-self/net/xfrm_stat', 'latin1'))
  const statistics = xfrm.statistics()
  assert.equal(Object.keys(statistics).length, file.trim().split('\n').length)
  assert.equal(statistics.XfrmInError, 0)
})

test('a key does not appear in the error of an association that was refused', (context) => {
  const { xfrm } = xfrmIn(context)
  const key = Buffer.from('a1b2c3d4e5f60718293a4b5c6d7e8f9001020304', 'hex')
  const aead = { name: 'no-such(cipher)', key, icvBits: 128 }
  assert.throws(
    () =>
      xfrm.addStates([
        { source: '192.0.2.1', destination: '192.0.2.2', spi: 0x100, reqid: 1, mode: 'tunnel', aead },
      ]),
    (error) => {
      assert.ok(error instanceof NetlinkBatchError)
      assert.equal(error.request, 'add SA to 192.0.2.2 spi 0x100')
      assert.doesNotMatch(JSON.stringify([error, error.message, error.stack]), /a1b2c3|161,178/)
      return true
    },
  )
})
