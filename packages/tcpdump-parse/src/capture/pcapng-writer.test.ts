import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import type { Problem } from '../problem.ts'
import type { InterfaceStatistics, ResolvedName } from './format.ts'
import { PcapngWriter } from './pcapng-writer.ts'
import { readCapture } from './read.ts'

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
})
after(() => rmSync(directory, { recursive: true }))

test('what is written is read back the same', async () => {
  const path = join(directory, 'a.pcapng')
  const writer = new PcapngWriter(path, { hardware: 'hardware', application: 'a test' })
  const wire = writer.addInterface({ name: 'wire', description: 'between nodes', linkType: 1 })
  writer.addSecrets(0x45535053, Buffer.from('"a secret"\n'))
  const other = writer.addInterface({ linkType: 101 })
  const packets = Array.from({ length: 3000 }, (_, i) => ({
    interface: i % 2 ? wire : other,
    time: 1_700_000_000_123_456_789n + BigInt(i),
    data: Buffer.alloc(i, i),
    ...(i % 7 === 0 && { length: i + 10, comment: `number ${i} ✓` }),
  }))
  for (const packet of packets) writer.writePacket(packet)
  await writer.close()

  const secrets: [number, string][] = []
  let number = 0
  const onProblem = ({ message }: Problem) => assert.fail(message)
  for await (const packet of readCapture(path, {
    onProblem,
    onSecrets: (t, d) => secrets.push([t, String(d)]),
  })) {
    const written = packets[number++]!
    assert.equal(packet.time, written.time)
    assert.ok(packet.data.equals(written.data))
    assert.equal(packet.length, written.length ?? written.data.length)
    assert.deepEqual(packet.comments, written.comment === undefined ? [] : [written.comment])
    assert.deepEqual(
      packet.interface,
      written.interface === wire
        ? { name: 'wire', description: 'between nodes', linkType: 1 }
        : { linkType: 101 },
    )
  }
  assert.equal(number, packets.length)
  assert.deepEqual(secrets, [[0x45535053, '"a secret"\n']])
})

test('a stream gets the same bytes as a file', async () => {
  const stream = new PassThrough()
  const writer = new PcapngWriter(stream)
  const wire = writer.addInterface({ linkType: 1 })
  writer.writePacket({ interface: wire, time: 5n, data: Buffer.from('x') })
  const [bytes] = await Promise.all([buffer(stream), writer.close()])
  const path = join(directory, 'stream.pcapng')
  writeFileSync(path, bytes)
  const { value } = await readCapture(path).next()
  assert.equal(value?.time, 5n)
})

test('sections, names and statistics are read back', async () => {
  const path = join(directory, 'sections.pcapng')
  const writer = new PcapngWriter(path, { system: 'Linux', comment: 'the first section' })
  const wire = writer.addInterface({ name: 'wire', linkType: 1 })
  writer.addNames([
    { address: '10.0.0.1', names: ['a1', 'a1.lab'] },
    { address: 'fd00::1', names: ['six'] },
  ])
  writer.writePacket({ interface: wire, time: 1n, data: Buffer.from('x') })
  writer.addStatistics({ interface: wire, time: 2n, received: 9n, droppedBySystem: 0n })
  writer.addSection()
  assert.throws(() => writer.writePacket({ interface: wire, time: 0n, data: Buffer.alloc(0) }), RangeError)
  const raw = writer.addInterface({ name: 'raw', linkType: 101 })
  writer.writePacket({ interface: raw, time: 3n, data: Buffer.from('y') })
  await writer.close()

  const names: ResolvedName[] = []
  const statistics: InterfaceStatistics[] = []
  const seen: string[] = []
  for await (const packet of readCapture(path, {
    onProblem: ({ message }) => assert.fail(message),
    onName: (name) => names.push(name),
    onStatistics: (each) => statistics.push(each),
  }))
    seen.push(`${packet.interface.name} ${packet.data}`)
  assert.deepEqual(seen, ['wire x', 'raw y'])
  assert.deepEqual(names, [
    { address: '10.0.0.1', names: ['a1', 'a1.lab'] },
    { address: 'fd00::1', names: ['six'] },
  ])
  assert.deepEqual(statistics, [
    { interface: { name: 'wire', linkType: 1 }, time: 2n, received: 9n, droppedBySystem: 0n },
  ])
})

test('a packet of an interface that was not added is refused', async () => {
  const writer = new PcapngWriter(join(directory, 'b.pcapng'))
  assert.throws(() => writer.writePacket({ interface: 0, time: 0n, data: Buffer.alloc(0) }), RangeError)
  await writer.close()
})

test('a time that the format cannot say is refused before anything of the packet is written', async () => {
  const path = join(directory, 'times.pcapng')
  const writer = new PcapngWriter(path)
  const wire = writer.addInterface({ linkType: 1 })
  for (const time of [-1n, 2n ** 64n]) {
    assert.throws(() => writer.writePacket({ interface: wire, time, data: Buffer.alloc(1) }), RangeError)
    assert.throws(() => writer.addStatistics({ interface: wire, time }), RangeError)
  }
  writer.writePacket({ interface: wire, time: 2n ** 64n - 1n, data: Buffer.alloc(1) })
  await writer.close()
  const times: bigint[] = []
  for await (const { time } of readCapture(path, { onProblem: ({ message }) => assert.fail(message) }))
    times.push(time)
  assert.deepEqual(times, [2n ** 64n - 1n])
})

test('a sink that fails makes close fail', async () => {
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('the disk is full')) })
  await assert.rejects(new PcapngWriter(broken).close(), /the disk is full/)
})
