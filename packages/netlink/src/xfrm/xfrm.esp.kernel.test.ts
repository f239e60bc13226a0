import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { release } from 'node:os'
import { type TestContext, test } from 'node:test'
import { inNetworkNamespace } from '@wireproof/ffi'
import { openRoute } from '../route/route.ts'
import { ip, testNamespace } from '../test-namespace.ts'
import type { XfrmStateOptions } from './state.ts'
import { openXfrm } from './xfrm.ts'

const key = Buffer.from('000102030405060708090a0b0c0d0e0f10111213', 'hex')
const aead = { name: 'rfc4106(gcm(aes))', key, icvBits: 128 }
const full: XfrmStateOptions = {
  source: '192.0.2.1',
  destination: '192.0.2.2',
  spi: 0x1234,
  reqid: 7,
  mode: 'tunnel',
  aead,
  replayWindow: 128,
  mark: { value: 0x1, mask: 0xff },
  outputMark: { value: 0xd00, mask: 0xffff0f00 },
}

function xfrmIn(context: TestContext) {
  const { name, path } = testNamespace(context)
  const xfrm = inNetworkNamespace(path, openXfrm)
  context.after(() => xfrm.close())
  return { name, path, xfrm }
}

test('an association is listed as it was added, and iproute2 sees the same', (context) => {
  const { name, xfrm } = xfrmIn(context)
  xfrm.addStates([full])
  const [found, ...more] = xfrm.states()
  assert.equal(more.length, 0)
  const { lifetime, replay, failures, added, used, lastUsed, ...options } = found!
  assert.deepEqual(options, { ...full, esn: false })
  const unused = { sent: 0n, received: 0n, bitmap: Buffer.alloc(16) }
  assert.deepEqual([lifetime, replay, used, lastUsed], [{ bytes: 0, packets: 0 }, unused, 0, 0])
  assert.deepEqual(failures, { replayWindow: 0, replay: 0, integrity: 0 })
  assert.ok(Math.abs(added - Date.now() / 1000) < 60)
  const shown = ip(name, 'xfrm', 'state')
  for (const words of [
    'src 192.0.2.1 dst 192.0.2.2',
    'proto esp spi 0x00001234 reqid 7 mode tunnel',
    'flag af-unspec',
    'replay_window 128, bitmap-length 4',
    'mark 0x1/0xff',
    'output-mark 0xd00/0xffff0f00',
    `aead rfc4106(gcm(aes)) 0x${key.toString('hex')} 128`,
  ])
    assert.ok(shown.includes(words), `${JSON.stringify(words)} is not in:\n${shown}`)
})

test('what iproute2 added is listed with the same meaning', (context) => {
  const { name, xfrm } = xfrmIn(context)
  const words =
    'xfrm state add src 2001:db8::1 dst 2001:db8::2 proto esp spi 0x99 reqid 3 mode transport replay-window 32'
  ip(name, ...words.split(' '), 'aead', aead.name, `0x${key.toString('hex')}`, '128')
  const [found] = xfrm.states()
  assert.deepEqual(
    {
      source: found?.source,
      spi: found?.spi,
      mode: found?.mode,
      window: found?.replayWindow,
      aead: found?.aead,
    },
    { source: '2001:db8::1', spi: 0x99, mode: 'transport', window: 32, aead },
  )
})

test('extended sequence numbers, a plain window and none are all accepted', (context) => {
  const { xfrm } = xfrmIn(context)
  const { mark: _, ...unmarked } = full
  const states = [
    { ...unmarked, spi: 1000, esn: true, replayWindow: 64 },
    { ...unmarked, spi: 1001, replayWindow: 32 },
    { ...unmarked, spi: 1002, replayWindow: 0 },
  ]
  xfrm.addStates(states)
  const found = xfrm.states().sort((a, b) => a.spi - b.spi)
  assert.deepEqual(
    found.map(({ spi, esn, replayWindow }) => [spi, esn, replayWindow]),
    [
      [1000, true, 64],
      [1001, false, 32],
      [1002, false, 0],
    ],
  )
})

test('extended sequence numbers need a replay window, also where nothing is received', (context) => {
  const { xfrm } = xfrmIn(context)
  assert.throws(() => xfrm.addStates([{ ...full, esn: true, replayWindow: 0 }]), { code: 'EINVAL' })
  xfrm.addStates([{ ...full, esn: true, replayWindow: 1 }])
})

test('a batch names each association that was refused, and all others are there', (context) => {
  const { xfrm } = xfrmIn(context)
  const states = Array.from({ length: 1000 }, (_, number) => ({ ...full, spi: 5000 + number }))
  const broken = states.map((state, number) =>
    number === 400 ? { ...state, aead: { ...aead, key: key.subarray(1) } } : state,
  )
  xfrm.addStates([states[7]!])
  assert.throws(
    () => xfrm.addStates(broken),
    (error: Error & { failures?: { index: number; code: string }[] }) => {
      assert.deepEqual(
        error.failures?.map(({ index, code }) => [index, code]),
        [
          [7, 'EEXIST'],
          [400, 'EINVAL'],
        ],
      )
      return true
    },
  )
  assert.equal(xfrm.states().length, 999)
  assert.deepEqual(
    new Set(xfrm.states().map(({ aead }) => aead!.key.toString('hex'))),
    new Set([key.toString('hex')]),
  )
})

test('associations are updated, deleted by destination, SPI and mark, and flushed', (context) => {
  const { xfrm } = xfrmIn(context)
  xfrm.addStates([full, { ...full, spi: 2 }, { ...full, spi: 3 }])
  xfrm.updateStates([full])
  const { mark: _, ...unmarked } = full
  assert.throws(() => xfrm.deleteStates([unmarked]), { code: 'ESRCH' })
  xfrm.deleteStates([{ destination: full.destination, spi: full.spi, mark: full.mark! }])
  assert.deepEqual(
    xfrm
      .states()
      .map(({ spi }) => spi)
      .sort(),
    [2, 3],
  )
  xfrm.flushStates()
  assert.deepEqual(xfrm.states(), [])
})

test('a direction is kept, and checked, by kernels that know it and ignored by those before 6.10', (context) => {
  const { xfrm } = xfrmIn(context)
  const [major = 0, minor = 0] = release().split('.').map(Number)
  const known = major > 6 || (major === 6 && minor >= 10)
  const outbound: XfrmStateOptions = { ...full, replayWindow: 0, direction: 'out' }
  xfrm.addStates([outbound])
  assert.equal(xfrm.states()[0]?.direction, known ? 'out' : undefined)
  const windowed = [{ ...outbound, spi: 0x99, replayWindow: 64 }]
  if (known) assert.throws(() => xfrm.addStates(windowed), { code: 'EINVAL' })
  else xfrm.addStates(windowed)
})

test('packets of both address families cross one tunnel, are counted, and carry the output mark inside', (context) => {
  const a = xfrmIn(context)
  const b = xfrmIn(context)
  for (const [node, here] of [
    [a, 1],
    [b, 2],
  ] as const) {
    using route = inNetworkNamespace(node.path, openRoute)
    if (node === a) route.addVeth({ name: 'wire', peer: { name: 'wire', namespace: b.path } })
    const there = 3 - here
    route.setLink('lo', { up: true })
    route.setLink('wire', { up: true })
    route.addAddress('wire', `192.0.2.${here}/24`)
    for (const [own, peer] of [
      [`10.0.${here}.1/32`, `10.0.${there}.1/32`],
      [`fd00::${here}/128`, `fd00::${there}/128`],
    ] as const) {
      route.addAddress('lo', own, { noDuplicateDetection: true })
      const source = own.slice(0, own.indexOf('/'))
      route.addRoute({ destination: peer, device: 'wire', source })
    }
  }
  const states = [
    { ...full, spi: 0x101, source: '192.0.2.1', destination: '192.0.2.2' },
    { ...full, spi: 0x102, source: '192.0.2.2', destination: '192.0.2.1' },
  ].map(({ mark: _, outputMark: __, ...state }) => state)
  const marked = { value: 0xd00, mask: 0xffff0f00 }
  for (const [node, here] of [
    [a, 1],
    [b, 2],
  ] as const) {
    node.xfrm.addStates(
      states.map((state) =>
        state.destination === `192.0.2.${here}` ? { ...state, outputMark: marked } : state,
      ),
    )
    const there = 3 - here
    const outer = (from: number, to: number) => ({
      source: `192.0.2.${from}`,
      destination: `192.0.2.${to}`,
      reqid: 7,
      mode: 'tunnel' as const,
    })
    for (const prefix of ['10.0.#.1/32', 'fd00::#/128']) {
      const own = prefix.replace('#', String(here))
      const peer = prefix.replace('#', String(there))
      node.xfrm.addPolicies([
        { direction: 'out', source: own, destination: peer, priority: 1, template: outer(here, there) },
        { direction: 'in', source: peer, destination: own, priority: 1, template: outer(there, here) },
      ])
    }
  }
  const ping = (address: string) =>
    execFileSync('ip', ['netns', 'exec', a.name, 'ping', '-c', '3', '-i', '0.05', '-W', '1', address], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
  assert.match(ping('10.0.2.1'), / 3 received/)
  assert.match(ping('fd00::2'), / 3 received/)
  const counted = b.xfrm.states().find(({ spi }) => spi === 0x101)
  assert.deepEqual(counted?.lifetime, { packets: 6, bytes: 3 * 84 + 3 * 104 })
  assert.deepEqual(counted?.replay.received, 6n)
  // Not in order: the clock of a guest may be set back meanwhile.
  // And 6.1 does not tell of one that receives when it was last used.
  for (const time of [counted.used, counted.lastUsed || counted.used])
    assert.ok(Math.abs(time - Date.now() / 1000) < 60, `${counted.used}, ${counted.lastUsed}`)
  assert.equal(a.xfrm.states().find(({ spi }) => spi === 0x101)?.replay.sent, 6n)
  assert.equal(b.xfrm.statistics().XfrmInNoStates, 0)

  // Only packets that carry the output mark once decrypted meet the blackhole, before the table of local addresses.
  ip(b.name, ...'rule add priority 100 table local'.split(' '))
  ip(b.name, ...'rule delete priority 0'.split(' '))
  ip(b.name, ...'rule add priority 1 fwmark 0xd00/0xffff0f00 table 77'.split(' '))
  assert.match(ping('10.0.2.1'), / 3 received/)
  using route = inNetworkNamespace(b.path, openRoute)
  route.addRoute({ destination: '10.0.2.1/32', type: 'blackhole', table: 77 })
  // ping exits with 1 where nothing answered, with 2 where it could not ask.
  assert.throws(() => ping('10.0.2.1'), { status: 1 })
  assert.match(ping('fd00::2'), / 3 received/)
})
