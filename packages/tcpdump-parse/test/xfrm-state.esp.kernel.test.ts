/** SAs of the kernel's own, read from what `ip xfrm state` prints, open what the kernel itself sealed. */
import assert from 'node:assert/strict'
import { release } from 'node:os'
import { after, describe, test } from 'node:test'
import {
  capture,
  crossChecked,
  decode,
  decodeIp,
  type EspEngine,
  EspOpener,
  type EspSa,
  fastEngine,
  nodeEngine,
  type Packet,
  parseXfrmState,
  SaError,
} from '../src/index.ts'
import { type Host, twoHosts } from './two-hosts.ts'

const hosts = twoHosts()
const { left, right } = hosts
after(() => hosts[Symbol.dispose]())

const PINGS = 3
const hex = (length: number): string => `0x${Buffer.alloc(length, 0x5a).toString('hex')}`
const bytes = (length: number): Buffer => Buffer.alloc(length, 0x5a)

type Cipher = Pick<EspSa, 'algorithm' | 'key' | 'icvBits' | 'integrity'>

/** A suite, as iproute2 is given it and as we are to read it. */
interface Suite {
  readonly name: string
  readonly words: readonly string[]
  readonly cipher: Cipher
  /** A kernel without it cannot do what this is about. */
  readonly isRequired?: true
}

function gcm(keyBytes: number, icvBits: number): Suite {
  return {
    name: `AES-GCM-${keyBytes * 8} with an ICV of ${icvBits / 8} bytes`,
    words: ['aead', 'rfc4106(gcm(aes))', hex(keyBytes + 4), `${icvBits}`],
    cipher: { algorithm: 'rfc4106(gcm(aes))', key: bytes(keyBytes + 4), icvBits },
    isRequired: true,
  }
}

function cbc(
  keyBytes: number,
  hash: 'sha1' | 'sha256' | 'sha384' | 'sha512',
  hashBytes: number,
  icvBits: number,
): Suite {
  return {
    name: `AES-CBC-${keyBytes * 8} with HMAC-${hash}-${icvBits}`,
    words: ['auth-trunc', `hmac(${hash})`, hex(hashBytes), `${icvBits}`, 'enc', 'cbc(aes)', hex(keyBytes)],
    cipher: {
      algorithm: 'cbc(aes)',
      key: bytes(keyBytes),
      icvBits,
      integrity: { algorithm: `hmac(${hash})`, key: bytes(hashBytes) },
    },
    ...(hash === 'sha256' && icvBits === 128 && { isRequired: true }),
  }
}

const usual = gcm(16, 128)
const suites: readonly Suite[] = [
  ...[16, 24, 32].map((keyBytes) => gcm(keyBytes, 128)),
  gcm(16, 96),
  gcm(16, 64),
  cbc(16, 'sha256', 32, 128),
  cbc(32, 'sha256', 32, 96),
  cbc(16, 'sha1', 20, 96),
  cbc(16, 'sha384', 48, 192),
  cbc(32, 'sha512', 64, 256),
  {
    name: 'AES-CBC-128 with HMAC-sha1, its length left to the kernel',
    words: ['auth', 'hmac(sha1)', hex(20), 'enc', 'cbc(aes)', hex(16)],
    cipher: cbc(16, 'sha1', 20, 96).cipher,
  },
  {
    name: 'NULL with HMAC-sha256-128',
    words: ['auth-trunc', 'hmac(sha256)', hex(32), '128', 'enc', 'ecb(cipher_null)', ''],
    cipher: {
      algorithm: 'cipher_null',
      key: bytes(0),
      icvBits: 128,
      integrity: { algorithm: 'hmac(sha256)', key: bytes(32) },
    },
  },
  {
    name: 'ChaCha20-Poly1305',
    words: ['aead', 'rfc7539esp(chacha20,poly1305)', hex(36), '128'],
    cipher: { algorithm: 'rfc7539esp(chacha20,poly1305)', key: bytes(36), icvBits: 128 },
  },
]

/** What is different about an SA besides its suite. */
interface Form {
  readonly outer?: readonly [string, string]
  readonly inner?: readonly [string, string]
  readonly mode?: 'tunnel' | 'transport'
  /** Words for the state at the sender, and at the receiver. */
  readonly sender?: string
  readonly receiver?: string
  /** Words for the policy, and for ping. */
  readonly policy?: string
  readonly ping?: string
  /** What we are to read beside the usual. */
  readonly expected?: Partial<EspSa>
  /** The receiver lacks what it takes to answer. */
  readonly isOneWay?: true
}

const words = (text: string | undefined): string[] => (text === undefined ? [] : text.split(' '))
const prefix = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`

for (const [index, host] of [left, right].entries()) {
  const [own, peer] = [index + 1, 2 - index]
  host.ip('address', 'add', `10.0.0.${own}/32`, 'dev', 'lo')
  host.ip('address', 'add', `fd00::${own}/128`, 'dev', 'lo', 'nodad')
  host.ip('route', 'add', `10.0.0.${peer}/32`, 'dev', 'wire', 'src', `10.0.0.${own}`)
  host.ip('-6', 'route', 'add', `fd00::${peer}/128`, 'via', `2001:db8::${peer}`, 'src', `fd00::${own}`)
}

const SPI = 0x1234

/** @throws what `ip` says when the kernel does not take the suite. */
function addAssociation(suite: Suite, form: Form): void {
  const [from, to] = form.outer ?? ['192.0.2.1', '192.0.2.2']
  const [source, destination] = form.inner ?? ['10.0.0.1', '10.0.0.2']
  const mode = form.mode ?? 'tunnel'
  const state = (host: Host, more: string | undefined) =>
    host.ip(
      ...[
        'xfrm',
        'state',
        'add',
        'src',
        from,
        'dst',
        to,
        'proto',
        'esp',
        'spi',
        `${SPI}`,
        'reqid',
        '1',
        'mode',
        mode,
      ],
      ...words(more),
      ...suite.words,
    )
  state(left, form.sender)
  state(right, form.receiver)
  for (const [host, direction] of [
    [left, 'out'],
    [right, 'in'],
  ] as const)
    host.ip(
      ...['xfrm', 'policy', 'add', 'src', prefix(source), 'dst', prefix(destination), 'dir', direction],
      ...words(direction === 'out' ? form.policy : undefined),
      ...['tmpl', 'src', from, 'dst', to, 'proto', 'esp', 'reqid', '1', 'mode', mode],
    )
}

function removeAssociations(): void {
  for (const { ip } of [left, right]) {
    ip('xfrm', 'state', 'flush')
    ip('xfrm', 'policy', 'flush')
  }
}

/** Pings once around, and captures what of it is on the wire. */
async function sealedPings(form: Form): Promise<Packet[]> {
  const live = capture({ interface: 'wire', filter: 'esp or udp port 4500', program: right.tcpdump })
  await live.listening
  const pinging = left.run(
    ...(['ping', '-n', '-c', `${PINGS}`, '-i', '0.02', '-W', '1'] as const),
    ...words(form.ping),
    ...(form.inner ? ['-I', form.inner[0], form.inner[1]] : ['10.0.0.2']),
  )
  const packets: Packet[] = []
  for await (const packet of live) {
    packets.push(packet)
    if (packets.length === PINGS) void live.stop()
  }
  if (form.isOneWay) await pinging.catch(() => {})
  else assert.match(await pinging, new RegExp(` ${PINGS} received`), 'the receiver opens them, too')
  return packets
}

const fast = fastEngine()
const engines: Readonly<Record<string, EspEngine>> = {
  [nodeEngine.name]: nodeEngine,
  ...('engine' in fast && { [fast.engine.name]: crossChecked(fast.engine, nodeEngine, { sample: 1 }) }),
}

/** What the SAs that were printed open of the packets: the numbers of the pings. */
function opened(
  sas: readonly EspSa[],
  packets: readonly Packet[],
  engine: EspEngine,
): (number | string | undefined)[] {
  const opener = new EspOpener(sas, { engine })
  return packets.map(({ data, interface: { linkType } }) => {
    const outcome = opener.open(decode(data, linkType))
    if (!outcome.ok) return outcome.reason
    if (outcome.nextHeader === 1 || outcome.nextHeader === 58) return outcome.inner.readUInt16BE(6)
    return decodeIp(outcome.inner).icmp?.sequence
  })
}

async function check(suite: Suite, form: Form = {}): Promise<void> {
  const [source, destination] = form.outer ?? ['192.0.2.1', '192.0.2.2']
  const expected: EspSa = { source, destination, spi: SPI, ...suite.cipher, ...form.expected }
  const printed = (host: Host, ...flags: string[]) => parseXfrmState(host.ip(...flags, 'xfrm', 'state'))
  try {
    const early = printed(left)
    const packets = await sealedPings(form)
    assert.equal(packets.length, PINGS)
    for (const [host, where] of [
      [left, 'sender'],
      [right, 'receiver'],
    ] as const)
      for (const flags of [[], ['-s']]) {
        const sas = printed(host, ...flags)
        const { sequenceHigh: _, ...read } = sas[0]!
        assert.deepEqual([read, sas.length], [expected, 1], `${where} ${flags}`)
        for (const [name, engine] of Object.entries(engines))
          assert.deepEqual(opened(sas, packets, engine), [1, 2, 3], `${where} ${flags}, by ${name}`)
      }
    assert.deepEqual(
      opened(early, packets, nodeEngine),
      [1, 2, 3],
      'with what was printed before the first packet',
    )
    assert.throws(() => parseXfrmState(left.ip('xfrm', 'state', 'list', 'nokeys')), SaError)
    const wrong = early.map((sa) => ({ ...sa, source: '198.51.100.1' }))
    assert.deepEqual(opened(wrong, packets, nodeEngine), Array(PINGS).fill('no-sa'))
  } finally {
    removeAssociations()
  }
}

describe('SAs of each suite that the kernel has', () => {
  const has: string[] = []
  const lacks: string[] = []

  for (const suite of suites)
    test(suite.name, async (context) => {
      try {
        addAssociation(suite, {})
      } catch (error) {
        removeAssociations()
        const { stderr } = error as { stderr?: string }
        if (
          !/^RTNETLINK answers: (Function not implemented|No such file|Protocol not supported)|Requested (AUTH|CRYPT|AEAD)/m.test(
            stderr ?? '',
          )
        )
          throw error
        lacks.push(suite.name)
        context.diagnostic(`Linux ${release()} has no ${suite.name}: ${stderr!.trim()}`)
        assert.ok(!suite.isRequired, `${suite.name} is the least that a kernel with ESP has`)
        return
      }
      has.push(suite.name)
      await check(suite)
    })

  test('among them AES-GCM, and AES-CBC with an HMAC', (context) => {
    context.diagnostic(`tried on Linux ${release()}: has ${has.join('; ')}`)
    context.diagnostic(`lacks ${lacks.join('; ') || 'none of them'}`)
    assert.equal(has.length + lacks.length, suites.length)
    for (const { name, isRequired } of suites) if (isRequired) assert.ok(has.includes(name), name)
  })
})

describe('SAs of each form', () => {
  const forms: Readonly<Record<string, Form>> = {
    'in transport mode': { mode: 'transport', inner: ['192.0.2.1', '192.0.2.2'] },
    'over IPv6': { outer: ['2001:db8::1', '2001:db8::2'], inner: ['fd00::1', 'fd00::2'] },
    'over IPv6 in transport mode': {
      mode: 'transport',
      outer: ['2001:db8::1', '2001:db8::2'],
      inner: ['2001:db8::1', '2001:db8::2'],
    },
    'in UDP': {
      sender: 'encap espinudp 4500 4500 0.0.0.0',
      receiver: 'encap espinudp 4500 4500 0.0.0.0',
      isOneWay: true,
    },
    'with marks': {
      sender: 'mark 0x1 mask 0xff output-mark 0xd00 mask 0xff00',
      receiver: 'output-mark 0xd00 mask 0xff00',
      policy: 'mark 0x1 mask 0xff',
      ping: '-m 1',
    },
    'with a window and limits': {
      sender: 'replay-window 32 limit byte-soft 100000 limit packet-hard 1000 flag noecn',
      receiver: 'replay-window 32 limit time-hard 3600 flag wildrecv',
    },
    'with extended sequence numbers': {
      sender: 'replay-window 128 flag esn',
      receiver: 'replay-window 128 flag esn',
      expected: { esn: true },
    },
    'with extended sequence numbers whose lower half turns over on the way': {
      sender: 'replay-window 128 flag esn replay-oseq 0xfffffffe replay-oseq-hi 2',
      receiver: 'replay-window 128 flag esn replay-seq 0xfffffffe replay-seq-hi 2',
      expected: { esn: true },
    },
  }
  for (const [name, form] of Object.entries(forms))
    test(name, async () => {
      addAssociation(usual, form)
      await check(usual, form)
    })

  test('with extended sequence numbers and an HMAC, which authenticates the upper half that is not sent', async () => {
    const form = forms['with extended sequence numbers whose lower half turns over on the way']!
    const suite = cbc(16, 'sha256', 32, 128)
    addAssociation(suite, form)
    await check(suite, form)
  })
})
