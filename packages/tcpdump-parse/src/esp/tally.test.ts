import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { PcapngWriter } from '../capture/write.ts'
import { LinkType } from '../link-type.ts'
import { ipv4, tcp } from '../sample-frames.ts'
import type { EspSa } from './sa.ts'
import { sealEsp } from './seal.ts'
import { tallyEsp } from './tally.ts'

const SA: EspSa = {
  source: '10.0.0.1',
  destination: '10.0.0.2',
  spi: 7,
  algorithm: 'rfc4106(gcm(aes))',
  key: Buffer.alloc(20, 1),
  icvBits: 128,
}

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
})
after(() => rmSync(directory, { recursive: true }))

test('counts the same on one thread and on several, good and bad', async () => {
  const path = join(directory, 'a.pcapng')
  const writer = new PcapngWriter(path)
  const wire = writer.addInterface({ linkType: LinkType.raw })
  for (let i = 1; i <= 1000; i++) {
    const iv = Buffer.alloc(8)
    iv.writeUInt32BE(i, 4)
    const spi = i % 50 === 0 ? 8 : 7
    const inner = ipv4(6, tcp(Buffer.alloc(i)))
    const data = ipv4(50, sealEsp({ ...SA, spi }, { sequence: i, iv, nextHeader: 4, inner }))
    if (i % 100 === 1) data[60]! ^= 1
    writer.writePacket({ interface: wire, time: 0n, data })
  }
  writer.writePacket({ interface: wire, time: 0n, data: ipv4(6, tcp(Buffer.alloc(9))) })
  await writer.close()
  const expected = {
    packets: 1001,
    esp: 1000,
    opened: 970,
    innerIp: 970,
    failed: { 'no-sa': 20, 'bad-icv': 10, malformed: 0, 'bad-padding': 0 },
  }
  for (const threads of [1, 2, 3]) assert.deepEqual(await tallyEsp(path, [SA], { threads }), expected)
})

test('a file that cannot be read fails the same way on several threads', async () => {
  await assert.rejects(tallyEsp(join(directory, 'none'), [SA], { threads: 2 }), { code: 'ENOENT' })
})
