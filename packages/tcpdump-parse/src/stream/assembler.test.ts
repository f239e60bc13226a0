import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CanaryFinder } from '../canary/finder.ts'
import { decodeIp } from '../frame/frame.ts'
import { ipv4, tcp, udp } from '../sample-frames.ts'
import { StreamAssembler } from './assembler.ts'

const TOKEN = 'CANARY-split-over-segments'

function segment(text: string, sequence: number, more: { sourcePort?: number; syn?: boolean } = {}) {
  return decodeIp(ipv4(6, tcp(Buffer.from(text), { sequence, ...more })))
}

function assembled(frames: readonly ReturnType<typeof segment>[]): string[] {
  const assembler = new StreamAssembler()
  for (const frame of frames) assembler.add(frame, 0n)
  return [...assembler.streams()].map(({ offset, bytes }) => `${offset}:${bytes}`)
}

test('a canary split over two segments is in neither, but in the stream', () => {
  const [first, second] = [segment(`xx${TOKEN.slice(0, 9)}`, 100), segment(TOKEN.slice(9), 111)]
  const finder = new CanaryFinder([TOKEN])
  assert.deepEqual([...finder.search(first.data), ...finder.search(second.data)], [])
  const assembler = new StreamAssembler()
  assembler.add(first, 5n)
  assembler.add(second, 6n)
  const [stream, ...more] = assembler.streams()
  assert.deepEqual(more, [])
  assert.deepEqual(
    { ...stream, bytes: undefined },
    {
      source: '10.0.0.1',
      sourcePort: 40000,
      destination: '10.0.0.2',
      destinationPort: 80,
      offset: 0,
      time: 5n,
      bytes: undefined,
    },
  )
  assert.deepEqual(finder.search(stream!.bytes), [{ token: TOKEN, encoding: 'raw', offset: 2 }])
})

test('order, repetition and overlap do not matter', () => {
  assert.deepEqual(
    assembled([segment('ghi', 7), segment('abc', 1), segment('cdefg', 3), segment('abc', 1)]),
    ['0:abcdefghi'],
  )
})

test('missing bytes part a stream in pieces', () => {
  assert.deepEqual(assembled([segment('abc', 1), segment('xyz', 11)]), ['0:abc', '10:xyz'])
})

test('sequence numbers wrap', () => {
  assert.deepEqual(assembled([segment('abc', 0xfffffffe), segment('def', 1)]), ['0:abcdef'])
})

test('each direction and connection is a stream of its own, and so is a port used again', () => {
  assert.deepEqual(
    assembled([
      segment('one', 10, { sourcePort: 1 }),
      segment('two', 10, { sourcePort: 2 }),
      segment('', 999, { sourcePort: 1, syn: true }),
      segment('again', 1000, { sourcePort: 1 }),
    ]),
    ['0:one', '0:two', '0:again'],
  )
})

test('frames without TCP are passed over, and the limit is kept', () => {
  const assembler = new StreamAssembler({ limit: 5 })
  assert.equal(assembler.add(decodeIp(ipv4(17, udp(1, 2, Buffer.from('xxxxxxxx')))), 0n), true)
  assert.equal(assembler.add(segment('abcd', 1), 0n), true)
  assert.equal(assembler.add(segment('efgh', 5), 0n), false)
  assert.deepEqual(
    [...assembler.streams()].map(({ bytes }) => bytes.toString()),
    ['abcd'],
  )
})

test('what a direction went through is summed up', () => {
  const assembler = new StreamAssembler()
  for (const [text, sequence] of [
    ['abc', 1],
    ['ghi', 7],
    ['def', 4],
    ['abc', 1],
    ['gHi', 7],
  ] as const)
    assembler.add(segment(text, sequence), 5n)
  const [summary, ...more] = assembler.summaries()
  assert.deepEqual(more, [])
  assert.deepEqual(summary, {
    source: '10.0.0.1',
    sourcePort: 40000,
    destination: '10.0.0.2',
    destinationPort: 80,
    time: 5n,
    segments: 5,
    bytes: 9,
    repeated: 6,
    reordered: 1,
    disagreeing: 1,
  })
})
