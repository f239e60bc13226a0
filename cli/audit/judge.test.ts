import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Value } from 'typebox/value'
import type { Flow } from '../../agent/api.ts'
import { syntheticFlow, syntheticLoss, syntheticStatus } from '../../agent/synthetic.ts'
import { auditFlows } from './flows.ts'
import { clearPacketsOf, judgeAudit, type Testimony } from './judge.ts'
import { auditCsv } from './report-csv.ts'
import { auditText } from './report-text.ts'
import { AuditReport } from './schema.ts'

const window = { from: new Date('2026-11-25T10:00:10Z'), to: new Date('2026-11-25T10:05:10Z') }
const sent = syntheticFlow()
const received = syntheticFlow({ node: 'n2', hook: 'to-pod', verdict: 'decrypted' })
const inClear = syntheticFlow({
  hook: 'to-wire',
  verdict: 'clear',
  reason: 'clear-on-wire',
  encrypted: false,
  packets: 2,
})
const stopped = { ...inClear, verdict: 'dropped' } as Flow
const arrivedInClear = syntheticFlow({
  node: 'n2',
  hook: 'from-wire',
  verdict: 'dropped',
  reason: 'clear-from-wire',
  encrypted: false,
})

const whole: Testimony[] = [
  { node: 'n1', status: syntheticStatus(), records: [sent] },
  { node: 'n2', status: syntheticStatus({ node: 'n2' }), records: [received] },
]
const judged = (testimonies: readonly Testimony[]) =>
  judgeAudit('lab', window, testimonies, new Date('2026-11-25T10:05:11Z')).report
/** All that was well, with something changed in what the first node said. */
const but = (changes: Partial<Testimony>) => judged([{ ...whole[0]!, ...changes }, whole[1]!])

test('where every agent answers for the whole window and all it saw was encrypted, that is the conclusion', () => {
  const report = judged(whole)
  assert.deepEqual([report.conclusion, report.because], ['encrypted', []])
  assert.deepEqual(report.flows, { encrypted: 1, clear: 0, heldBack: 0, outOfScope: 0 })
})

describe('one flow in clear is not encrypted,', () => {
  const clear = { records: [sent, inClear] }
  const cases: [string, Partial<Testimony>][] = [
    ['when it left in clear', clear],
    ['when it arrived in clear, although it was refused', { records: [sent, arrivedInClear] }],
    ['whatever else is missing', { records: [inClear, syntheticLoss()], problem: 'its agent hangs' }],
    ['when only the counters have seen it', { clearPackets: 1 }],
  ]
  for (const [when, changes] of cases)
    test(when, () => {
      assert.equal(but(changes).conclusion, 'not-encrypted')
      assert.notDeepEqual(but(changes).because, [])
    })
})

describe('nothing in clear is not enough', () => {
  const cases: [string, Partial<Testimony>, RegExp][] = [
    ['when events were lost', { records: [sent, syntheticLoss()] }, /n1 lost 7 events/],
    [
      'when the window is longer than what is remembered',
      { records: [syntheticLoss({ where: 'history' }), sent] },
      /n1 does not remember the whole window/,
    ],
    [
      'when an agent began within the window',
      { status: syntheticStatus({ started: '2026-11-25T10:00:11.000Z' }) },
      /n1’s agent began within the window/,
    ],
    ['when an agent did not answer', { problem: 'its agent hangs' }, /n1 did not answer: its agent hangs/],
  ]
  for (const [when, changes, because] of cases)
    test(when, () => {
      const report = but(changes)
      assert.equal(report.conclusion, 'inconclusive')
      assert.match(report.because.join(), because)
    })

  test('when nothing was seen, or everything was held back', () => {
    const silent = whole.map((each) => ({ ...each, records: [] }))
    assert.equal(judged(silent).conclusion, 'inconclusive')
    assert.equal(judged([{ ...silent[0]!, records: [stopped] }, silent[1]!]).conclusion, 'inconclusive')
  })
})

test('what was dropped rather than sent in clear is held back, and no violation', () => {
  const report = judged([
    { ...whole[0]!, records: [sent, syntheticFlow({ sourcePort: 1 }), { ...stopped, sourcePort: 1 }] },
    whole[1]!,
  ])
  assert.equal(report.conclusion, 'encrypted')
  assert.deepEqual(report.flows, { encrypted: 1, clear: 0, heldBack: 1, outOfScope: 0 })
  assert.deepEqual(
    report.heldBack.map(({ verdict, reason }) => [verdict, reason]),
    [['dropped', 'clear-on-wire']],
  )
})

test('what stays within a node or is not protected is out of scope', () => {
  const forwarded = { verdict: 'forwarded', encrypted: false } as const
  const records = [
    sent,
    syntheticFlow({ ...forwarded, reason: 'same-node' }),
    syntheticFlow({ ...forwarded, reason: 'not-protected' }),
  ]
  assert.deepEqual(but({ records }).flows, { encrypted: 1, clear: 0, heldBack: 0, outOfScope: 2 })
})

test('ESP between nodes is no flow of its own; ESP between pods is', () => {
  const esp = syntheticFlow({ hook: 'to-wire', protocol: 'esp' })
  const { sourcePod: _, destinationPod: __, ...envelope } = esp
  assert.deepEqual(but({ records: [sent, envelope] }).flows, {
    encrypted: 1,
    clear: 0,
    heldBack: 0,
    outOfScope: 0,
  })
  assert.equal(but({ records: [sent, esp] }).flows.encrypted, 2)
})

test('what several agents tell of a flow at several hooks is one flow, each packet counted once', () => {
  const later = '1795600860000000000'
  const [flow, ...more] = auditFlows([
    inClear,
    { ...inClear, packets: 3, time: later },
    { ...inClear, node: 'n2', hook: 'from-wire', packets: 4 },
    { ...sent, epoch: 4 },
    sent,
  ])
  assert.deepEqual(more, [])
  assert.deepEqual(
    [flow?.outcome, flow?.packets, flow?.epochs, flow?.toldBy],
    ['clear', 5, [3, 4], ['n1', 'n2']],
  )
  assert.deepEqual([flow?.first, flow?.last], ['2026-11-25T10:00:00.000Z', '2026-11-25T10:01:00.000Z'])
})

test('the counters of what was in clear are added up, also of what was refused on arrival', () => {
  const once = { packets: 1, bytes: 100 }
  const counters = {
    'to-wire/clear/encryption-off': once,
    'from-wire/dropped/clear-from-wire': once,
    'to-wire/dropped/clear-on-wire': once,
    'to-wire/encrypted/protected': once,
  }
  assert.equal(clearPacketsOf(syntheticStatus({ counters })), 2)
})

test('a report has the form that is published', () => {
  for (const report of [
    judged(whole),
    but({ records: [inClear, arrivedInClear] }),
    judged([{ node: 'n1', records: [], problem: 'gone' }]),
  ])
    assert.deepEqual([...Value.Errors(AuditReport, report)], [])
  assert.notDeepEqual([...Value.Errors(AuditReport, { ...judged(whole), conclusion: 'fine' })], [])
  const published = JSON.parse(readFileSync(new URL('audit.schema.json', import.meta.url), 'utf8'))
  assert.deepEqual(published, JSON.parse(JSON.stringify(AuditReport)))
})

test('CSV has a record for every flow, the worst first, quoted where a field needs it', () => {
  const labels = { app: 'a', note: 'says "hi"' }
  const records = [sent, { ...inClear, sourcePort: 1, sourceLabels: labels }]
  const csv = auditCsv(judgeAudit('lab', window, [{ ...whole[0]!, records }], new Date()))
  const [head = '', worst = '', second = '', ...rest] = csv.split('\r\n')
  assert.deepEqual(rest, [''])
  assert.ok(head.startsWith('cluster,from,to,conclusion,outcome,protocol,source,'))
  assert.ok(
    worst.startsWith(
      'lab,2026-11-25T10:00:10.000Z,2026-11-25T10:05:10.000Z,not-encrypted,clear,tcp,10.0.1.2,1,a,n1,"app=a,note=says ""hi""",10.0.2.2,80,b,n2,app=b,clear,clear-on-wire,',
    ),
    worst,
  )
  assert.equal(second.split(',')[4], 'encrypted')
})

test('CSV of nothing still says what it came to', () => {
  const csv = auditCsv(judgeAudit('lab', window, [], new Date()))
  const [head = '', only = ''] = csv.split('\r\n')
  assert.equal(only.split(',')[3], 'inconclusive')
  assert.equal(only.split(',').length, head.split(',').length)
})

test('the text for a person names the flows in clear and the reasons', () => {
  const text = auditText(but({ records: [inClear] }), (_style, words) => words)
  assert.match(text, /^tcp +a:40000 +b:80 +app=a +app=b +clear +clear-on-wire +2 +400 +n1 n2$/m)
  assert.match(text, /^NOT ENCRYPTED /m)
  assert.match(text, /^ {2}because 1 flow was not encrypted$/m)
})
