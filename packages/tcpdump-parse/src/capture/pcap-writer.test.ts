import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PcapWriter } from './pcap-writer.ts'
import { readCapture } from './read.ts'

const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
after(() => rmSync(directory, { recursive: true }))

for (const microseconds of [false, true])
  test(`what is written in ${microseconds ? 'micro' : 'nano'}seconds is read back`, async () => {
    const path = join(directory, 'a.pcap')
    const writer = new PcapWriter(path, { linkType: 101, microseconds })
    const packets = Array.from({ length: 2000 }, (_, i) => ({
      time: 1_700_000_000_123_456_789n + BigInt(i),
      data: Buffer.alloc(i, i),
      ...(i % 7 === 0 && { length: i + 10 }),
    }))
    for (const packet of packets) writer.writePacket(packet)
    await writer.close()
    let number = 0
    for await (const packet of readCapture(path, { onProblem: ({ message }) => assert.fail(message) })) {
      const written = packets[number++]!
      assert.equal(packet.time, microseconds ? (written.time / 1000n) * 1000n : written.time)
      assert.ok(packet.data.equals(written.data))
      assert.equal(packet.length, written.length ?? written.data.length)
      assert.deepEqual(packet.interface, { linkType: 101 })
    }
    assert.equal(number, packets.length)
  })

test('a time that the format cannot say is refused', async () => {
  const writer = new PcapWriter(join(directory, 'b.pcap'), { linkType: 101 })
  for (const time of [-1n, 2n ** 32n * 1_000_000_000n])
    assert.throws(() => writer.writePacket({ time, data: Buffer.alloc(1) }), RangeError)
  await writer.close()
})
