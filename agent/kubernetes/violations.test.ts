import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reasons, verdicts } from '../kernel/datapath-layout.ts'
import { eventOf, type Series, ViolationSeries } from './violations.ts'

const about = { apiVersion: 'wireproof.dev/v1alpha1', name: 'n1', uid: 'u' }
const start = Date.parse('2026-01-01T00:00:00Z')

function reading(
  counts: Readonly<Record<string, number>>,
  others: { started?: string; obstacle?: string } = {},
) {
  const counters = Object.fromEntries(
    Object.entries(counts).map(([name, packets]) => [name, { packets, bytes: packets * 100 }]),
  )
  return { started: 'once', counters, ...others }
}

/** What is written, where every writing succeeds. */
function written(series: ViolationSeries, ...of: Parameters<ViolationSeries['observe']>): Series[] {
  const due = series.observe(...of)
  for (const each of due) series.wrote(each)
  return due
}

test('what was counted before anybody looked is told of no more than what passes', () => {
  const series = new ViolationSeries()
  assert.deepEqual(written(series, reading({ 'to-wire/dropped/clear-on-wire': 7 }), start), [])
  const harmless = { 'to-wire/dropped/clear-on-wire': 7, 'from-pod/encrypted/protected': 9 }
  assert.deepEqual(written(series, reading(harmless), start + 2000), [])
})

const kinds = {
  'to-wire/dropped/clear-on-wire': 'CleartextStopped',
  'to-wire/clear/clear-on-wire': 'CleartextSent',
  'from-wire/dropped/clear-from-wire': 'CleartextRefused',
  'to-pod/clear/clear-from-wire': 'CleartextAccepted',
  'to-pod/dropped/wrong-node': 'WrongNode',
  'from-pod/dropped/spoofed-source': 'SpoofedSource',
}
for (const [counter, reason] of Object.entries(kinds))
  test(`${counter} is told as ${reason}, about the node, in the namespace of what has none`, () => {
    const series = new ViolationSeries()
    series.observe(reading({}), start)
    const [one] = written(series, reading({ [counter]: 1 }), start + 2000)
    const event = eventOf(one!, about)
    assert.deepEqual([event.reason, event.type, event.series], [reason, 'Warning', undefined])
    assert.deepEqual(event.regarding, { ...about, kind: 'WireproofNode' })
    assert.deepEqual([event.metadata.namespace, event.eventTime], ['default', '2026-01-01T00:00:02.000000Z'])
  })

test('a kernel that cannot encrypt is told of at once, and again while it cannot', () => {
  const series = new ViolationSeries()
  const obstacle = { obstacle: 'no ESP' }
  assert.deepEqual(
    written(series, reading({}, obstacle), start).map(({ violation, count }) => [violation, count]),
    [['NoESP', 1]],
  )
  assert.deepEqual(written(series, reading({}, obstacle), start + 2000), [])
  const [again] = written(series, reading({}, obstacle), start + 300_000)
  assert.deepEqual([again?.count, again?.begun], [2, start])
})

test('an agent that starts again counts from nothing, and what it counts is new', () => {
  const series = new ViolationSeries()
  series.observe(reading({ 'to-wire/dropped/clear-on-wire': 100 }), start)
  const next = reading({ 'to-wire/dropped/clear-on-wire': 3 }, { started: 'again' })
  assert.equal(written(series, next, start + 2000)[0]?.count, 3)
})

test('what goes on is one Event with a series; after ten minutes of silence it is another', () => {
  const series = new ViolationSeries()
  const at = (packets: number) => reading({ 'to-wire/dropped/clear-on-wire': packets })
  series.observe(at(0), start)
  const [first] = written(series, at(2), start + 2000)
  assert.deepEqual(written(series, at(50), start + 4000), [], 'not within a minute')
  const [second] = written(series, at(51), start + 63_000)
  const [a, b] = [eventOf(first!, about), eventOf(second!, about)]
  assert.equal(a.metadata.name, b.metadata.name)
  assert.equal(a.note, b.note)
  assert.deepEqual([a.series?.count, b.series?.count], [2, 51])
  const [other] = written(series, at(52), start + 63_000 + 600_000)
  assert.notEqual(eventOf(other!, about).metadata.name, a.metadata.name)
  assert.equal(other!.count, 1)
})

test('what could not be written comes again, with all that has happened meanwhile', () => {
  const series = new ViolationSeries()
  series.observe(reading({}), start)
  const counter = 'to-pod/dropped/wrong-node'
  assert.equal(series.observe(reading({ [counter]: 1 }), start + 2000)[0]?.count, 1)
  assert.equal(series.observe(reading({ [counter]: 5 }), start + 4000)[0]?.count, 5)
})

test('however packets come, every one is told of once, and of a kind no more than one Event a minute is written', () => {
  const names = verdicts.flatMap((verdict) => reasons.map((reason) => `to-wire/${verdict}/${reason}`))
  const step = fc.record({
    name: fc.constantFrom(...names),
    more: fc.integer({ min: 0, max: 1000 }),
    wait: fc.integer({ min: 1, max: 9_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const series = new ViolationSeries()
      const counts: Record<string, number> = {}
      series.observe(reading(counts), start)
      let now = start
      const last = new Map<string, Series>()
      const writes = new Map<string, number>()
      const look = () => {
        for (const each of written(series, reading(counts), now)) {
          const before = writes.get(each.violation)
          const sameSeries = last.get(each.violation)?.begun === each.begun
          assert.ok(before === undefined || !sameSeries || now - before >= 60_000)
          writes.set(each.violation, now)
          last.set(each.violation, each)
        }
      }
      let violations = 0
      for (const { name, more, wait } of steps) {
        now += wait
        counts[name] = (counts[name] ?? 0) + more
        if (/clear-on-wire|clear-from-wire/.test(name) && /clear\/|dropped\//.test(name)) violations += more
        if (/dropped\/(wrong-node|spoofed-source)/.test(name)) violations += more
        look()
      }
      now += 61_000
      look()
      const told = [...last.values()].reduce((sum, { count }) => sum + count, 0)
      assert.equal(told, violations)
    }),
  )
})
