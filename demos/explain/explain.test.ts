import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { ESP_SECRETS, type EspSa, espDsb, PcapngWriter, wiresharkProfile } from 'tcpdump-parse'
import { judge, observe, type RunView, type SeenFrame } from '../proof/index.ts'
import { inject, provenRun } from '../proof/synthetic.ts'
import { esp, ethernet, ipv4, udp } from '../proof/synthetic-packet.ts'
import { explainInBundle } from './bundle-story.ts'
import { explainInCapture } from './capture-story.ts'
import { readKeys } from './keys-file.ts'
import { type Story, tell } from './story.ts'

const scratch = mkdtempSync(join(tmpdir(), 'wireproof-explain-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

const said = ({ facts }: Story) => Object.fromEntries(facts.map(({ about, says }) => [about, says]))

describe('a frame of a bundle', () => {
  const proven = observe(provenRun({ sabotages: ['policies-deleted', 'agent-bypassed'] }))
  const explain = (run: RunView, seen: SeenFrame, file: 'wire.pcapng' | 'pods.pcapng' = 'wire.pcapng') =>
    explainInBundle(run, judge(run), file, seen.number)!

  test('that is sealed: from the outer header to the pod that sent it and the checks it counts for', () => {
    const seen = proven.arms.get('encrypted')!.wire.find(({ opened }) => opened)!
    const story = explain(proven, seen)
    assert.match(
      story.title,
      /^Frame \d+ of wire\.pcapng: encrypted arm, 2026-.* UTC, what node a put on the wire$/,
    )
    assert.deepEqual(story.doubts, [])
    const facts = said(story)
    assert.match(facts['outer header']!, /^IPv4, 192\.168\.0\.1 → 192\.168\.0\.2, ESP, time to live 64/)
    assert.equal(facts['from and to'], 'node a → node b')
    assert.match(
      facts.SA!,
      /^SPI 0x1002, rfc4106\(gcm\(aes\)\), 128-bit key, 128-bit ICV, extended sequence numbers; held by a and b$/,
    )
    assert.equal(facts.sequence, '1, used by no other packet of this SA')
    assert.match(facts.ICV!, /^verifies/)
    assert.match(facts['inner packet']!, /^UDP 10\.0\.1\.2:4000 → 10\.0\.2\.2:7, time to live 63/)
    assert.match(facts['sent by']!, /^pod a1 on a, as frame \d+ of pods\.pcapng/)
    assert.match(facts.canary!, /sent as encrypted\/a1-b1\/udp\/0\/0, which arrived$/)
    assert.match(facts['counts for']!, /wire\.complete holds/)
    assert.equal(facts.readable, undefined)
  })

  test('that is in clear: what it shows, and that the canary can be read', () => {
    const { seen } = proven.arms.get('control')!.clear()[0]!
    const facts = said(explain(proven, seen))
    assert.match(facts.shows!, /^CLEAR: UDP 10\.0\.1\.2:4000 → 10\.0\.2\.2:7 in clear$/)
    assert.match(
      facts.readable!,
      /^YES, by anyone on the wire: WP-CANARY-\w+ as raw at byte 6 of the payload$/,
    )
    assert.match(facts['counts for']!, /wire\.no-canary fails, as it must here/)
  })

  test('that came in where nobody should have plugged in', () => {
    const arm = proven.arms.get('agent-bypassed/permissive')!
    const { title } = explain(proven, arm.clear()[0]!.seen)
    assert.match(title, /at bridge port x-a1, which belongs to no node$/)
  })

  test('of a pod: what became of it', () => {
    const arm = proven.arms.get('policies-deleted/strict')!
    const fates = (fate: string) => arm.account().sent.find((sent) => sent.fate === fate)!.seen
    assert.match(
      said(explain(proven, fates('encrypted'), 'pods.pcapng'))['on the wire']!,
      /^encrypted, in frame \d+/,
    )
    assert.equal(
      said(explain(proven, fates('missing'), 'pods.pcapng'))['on the wire'],
      'never: it was stopped before',
    )
  })

  test('that nobody sealed with a key of the cluster', () => {
    const run = provenRun()
    const key = '00'.repeat(20)
    const stranger = { source: '192.168.0.1', destination: '192.168.0.2', spi: 0xbad, key, sequence: 1 }
    inject(
      run,
      'encrypted',
      'wire/a',
      ethernet(esp(ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.alloc(9))), stranger)),
    )
    const view = observe(run)
    const seen = view.arms.get('encrypted')!.wire.find(({ opened }) => opened && !opened.ok)!
    const facts = said(explain(view, seen))
    assert.match(facts.SA!, /^SPI 0xbad: under none of the security associations that the nodes hold$/)
    assert.match(facts.ICV!, /^does not vouch for the packet/)
  })

  test('that there is not', () => {
    assert.equal(explainInBundle(proven, judge(proven), 'wire.pcapng', 99_999), undefined)
  })

  test('is told in lines no wider than asked for', () => {
    const seen = proven.arms.get('encrypted')!.wire.find(({ opened }) => opened)!
    const [, ...lines] = tell(explain(proven, seen), 60).split('\n')
    assert.ok(lines.length > 10)
    for (const line of lines) assert.ok(line.length <= 60, line)
  })
})

describe('a frame of any capture', () => {
  const sa: EspSa = {
    source: '192.0.2.1',
    destination: '192.0.2.2',
    spi: 0x1234,
    algorithm: 'rfc4106(gcm(aes))',
    key: Buffer.from('000102030405060708090a0b0c0d0e0f10111213', 'hex'),
    icvBits: 128,
  }
  const sealed = ethernet(
    esp(ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 53, Buffer.from('hello'))), {
      ...sa,
      key: sa.key.toString('hex'),
      sequence: 5,
    }),
  )

  async function capture(
    name: string,
    { secrets, linkType = 1 }: { secrets?: Buffer; linkType?: number } = {},
  ) {
    const path = join(scratch, `${name}.pcapng`)
    const writer = new PcapngWriter(path)
    const on = writer.addInterface({ name: 'eth0', linkType })
    if (secrets) writer.addSecrets(ESP_SECRETS, secrets)
    for (const time of [1n, 2n])
      writer.writePacket({ interface: on, time: time * 1_000_000_000n, data: sealed })
    await writer.close()
    return path
  }

  test('with keys, or with those that it brings along', async () => {
    for (const story of [
      await explainInCapture(await capture('given'), 1, [sa]),
      await explainInCapture(await capture('brought', { secrets: espDsb([sa]) }), 1, []),
    ]) {
      const facts = said(story)
      assert.match(facts.ICV!, /^verifies/)
      assert.equal(facts['inner packet'], 'UDP 10.0.1.2:9 → 10.0.2.2:53, time to live 64, 33 bytes')
      assert.deepEqual(story.doubts, [])
    }
  })

  test('whose sequence number was used before', async () => {
    const story = await explainInCapture(await capture('again'), 2, [sa])
    assert.equal(said(story).sequence, '5, used before in frame 1')
  })

  test('without a key, with keys for other SPIs or other addresses, or with an empty secrets block: says so', async () => {
    const doubts = async (keys: readonly EspSa[], secrets?: Buffer) =>
      (await explainInCapture(await capture('doubts', secrets ? { secrets } : {}), 1, keys)).doubts
    assert.deepEqual(await doubts([]), ['No key was given for SPI 0x1234: show one with --keys.'])
    assert.deepEqual(await doubts([{ ...sa, spi: 9 }]), [
      'None of the 1 security associations given has SPI 0x1234.',
    ])
    assert.match(
      (await doubts([{ ...sa, source: '192.0.2.9' }]))[0]!,
      /^1 of the 1 .* with other addresses\.$/,
    )
    const [empty, none] = await doubts([], Buffer.alloc(0))
    assert.match(empty!, /doubts\.pcapng: its block of decryption secrets is empty\.$/)
    assert.match(none!, /^No key was given/)
  })

  test('of a link type whose headers are not known is refused', async () => {
    const path = await capture('unknown', { linkType: 147 })
    await assert.rejects(explainInCapture(path, 1, [sa]), {
      exitCode: 2,
      message: `${path}: frame 1 is of link type 147, whose headers are not known here`,
    })
  })

  test('that there is not: how many there are', async () => {
    const path = await capture('few')
    await assert.rejects(explainInCapture(path, 3, []), {
      message: `${path}: it has 2 frames; there is no frame 3`,
    })
  })

  test('keys are read in every form in which people have them', () => {
    const write = (name: string, text: string) => {
      const path = join(scratch, name)
      writeFileSync(path, text)
      return path
    }
    const hex = sa.key.toString('hex')
    const forms = {
      'sas.json': JSON.stringify([{ ...sa, key: hex }]),
      esp_sa: wiresharkProfile([sa]).esp_sa,
      'xfrm.txt': `src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00001234 reqid 1 mode tunnel\n\taead rfc4106(gcm(aes)) 0x${hex} 128\n`,
    }
    for (const [name, text] of Object.entries(forms)) {
      const [read] = readKeys(write(name, text))
      assert.deepEqual([read!.spi, read!.key.toString('hex')], [0x1234, hex], name)
    }
    for (const [name, text, why] of [
      ['empty', '', 'the file is empty'],
      ['none.json', '[]', 'there is no security association in it'],
      ['broken.json', `[{"key": "${hex}`, 'it is no JSON document'],
      ['short.json', JSON.stringify([{ ...sa, key: '0011' }]), 'a key must have'],
    ] as const) {
      const path = write(name, text)
      assert.throws(
        () => readKeys(path),
        (error: Error & { exitCode: number }) =>
          error.exitCode === 2 &&
          error.message.includes(why) &&
          error.message.startsWith(path) &&
          !error.message.includes(hex),
        name,
      )
    }
  })
})
