import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { colour, plain } from '../style.ts'
import { checkTable, flowLines, packetBytes, sideBySide, verdictBanner, whereabouts } from './index.ts'

const clear = {
  title: 'What pod a1 sent',
  data: Buffer.from('....WP-CANARY-ABCDEFGH', 'latin1'),
  regions: [
    { offset: 0, length: 4, tone: 'quiet' },
    { offset: 4, length: 18, tone: 'exposed' },
  ],
} as const
const sealed = { title: 'The same on the wire', data: Buffer.alloc(40, 0xa7), regions: [] } as const

test('the same packet stands side by side where there is room', () => {
  assert.deepEqual(sideBySide(clear, sealed)({ width: 84, style: plain }), [
    'What pod a1 sent                          The same on the wire',
    '0000  2e 2e 2e 2e 57 50 2d 43  ....WP-C   0000  a7 a7 a7 a7 a7 a7 a7 a7  ········',
    '0008  41 4e 41 52 59 2d 41 42  ANARY-AB   0008  a7 a7 a7 a7 a7 a7 a7 a7  ········',
    '0010  43 44 45 46 47 48        CDEFGH     0010  a7 a7 a7 a7 a7 a7 a7 a7  ········',
    '                                          0018  a7 a7 a7 a7 a7 a7 a7 a7  ········',
    '                                          0020  a7 a7 a7 a7 a7 a7 a7 a7  ········',
  ])
})

test('and one above the other where there is not', () => {
  const lines = sideBySide(clear, sealed)({ width: 50, style: plain })
  assert.equal(lines.indexOf('The same on the wire') > lines.indexOf('What pod a1 sent'), true)
  for (const line of lines) assert.ok(line.length <= 50, line)
})

test('exposed bytes are marked, in hex and as characters', () => {
  const [, row] = packetBytes(clear)({ width: 80, style: colour })
  assert.ok(row!.includes(colour.exposed('57 50 2d 43 41 4e 41 52 59 2d 41 42')), row)
  assert.ok(row!.includes(colour.exposed('WP-CANARY-AB')), row)
  const withoutColour = packetBytes(clear)({ width: 80, style: plain })[1]
  assert.equal(stripVTControlCharacters(row!), withoutColour)
})

test('a long packet is cut, and how much is missing is said', () => {
  const lines = packetBytes({ ...sealed, data: Buffer.alloc(1000) }, 4)({ width: 80, style: plain })
  assert.equal(lines.length, 6)
  assert.match(lines.at(-1)!, /… 936 more bytes/)
})

test('each check is a line with its numbers, or two on a narrow terminal', () => {
  const checks = [
    { id: 'wire.no-canary', state: 'holds', says: '0 hits in 412 frames' },
    { id: 'wire.counted', state: 'fails', says: '11 of 12 SAs agree' },
    { id: 'control.seen', state: 'inconclusive', says: 'no control arm' },
  ] as const
  assert.deepEqual(checkTable(checks)({ width: 80, style: plain }), [
    '✓ wire.no-canary  0 hits in 412 frames',
    '✗ wire.counted    11 of 12 SAs agree',
    '? control.seen    no control arm',
  ])
  assert.deepEqual(checkTable(checks.slice(0, 1))({ width: 30, style: plain }), [
    '✓ wire.no-canary',
    '  0 hits in 412 frames',
  ])
})

test('flows name pods, verdict and reason', () => {
  const flow = {
    time: '0',
    node: 'n1',
    hook: 'to-wire',
    protocol: 'udp',
    source: '10.244.1.2',
    destination: '10.244.2.2',
    sourcePort: 40000,
    destinationPort: 9000,
    sourcePod: 'a1',
    verdict: 'dropped',
    reason: 'clear-on-wire',
    encrypted: false,
    packets: 3,
    bytes: 300,
  } as const
  assert.deepEqual(flowLines([flow])({ width: 100, style: plain }), [
    'n1   to-wire   udp  a1:40000 → 10.244.2.2:9000     3 packets  dropped: clear-on-wire',
  ])
})

test('the verdict says why', () => {
  const banner = verdictBanner('LEAK', 'wire.no-canary failed: 17 canaries were readable on wire/n1.')
  assert.deepEqual(banner({ width: 40, style: plain }), [
    ' LEAK ',
    'wire.no-canary failed: 17 canaries were',
    'readable on wire/n1.',
  ])
})

test('where the report is and how to check it again can be copied, whatever the width', () => {
  const lines = whereabouts({ report: 'evidence/x/report.html', recheck: 'wireproof verify evidence/x' })
  assert.deepEqual(lines({ width: 10, style: plain }), [
    'report   evidence/x/report.html',
    'recheck  wireproof verify evidence/x',
  ])
})
