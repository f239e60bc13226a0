import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlowEvent } from '../kernel/datapath-layout.ts'
import { epochOffset, FlowNarrator } from './flow.ts'

const event = {
  time: 5n,
  source: '10.0.1.2',
  destination: '10.0.2.2',
  packets: 3n,
  bytes: 300n,
  sourcePort: 4711,
  destinationPort: 80,
  protocol: 6,
  hook: 'from-pod',
  verdict: 'encrypted',
  reason: 'protected',
} as unknown as FlowEvent

const nothing = () => undefined

test('an event becomes a flow with names, the time of day, and whether it is encrypted', () => {
  const podAt = (address: string) => (address === '10.0.1.2' ? 'web' : undefined)
  const narrator = new FlowNarrator('n1', 1_000_000_000_000_000_000n, podAt, nothing)
  assert.deepEqual(narrator.tell(event), {
    time: '1000000000000000005',
    node: 'n1',
    hook: 'from-pod',
    protocol: 'tcp',
    source: '10.0.1.2',
    destination: '10.0.2.2',
    sourcePort: 4711,
    destinationPort: 80,
    sourcePod: 'web',
    verdict: 'encrypted',
    reason: 'protected',
    encrypted: true,
    packets: 3,
    bytes: 300,
  })
  assert.equal(narrator.tell({ ...event, verdict: 'clear' }).encrypted, false)
  assert.equal(narrator.tell({ ...event, protocol: 132 }).protocol, 'ip-132')
})

test('a rule is told by its name, where a policy decided', () => {
  const narrator = new FlowNarrator('n1', 0n, nothing, (rule) =>
    rule === 7 ? 'default/web/ingress/0' : undefined,
  )
  assert.equal(narrator.tell({ ...event, rule: 7 }).rule, 'default/web/ingress/0')
  assert.ok(!('rule' in narrator.tell({ ...event, rule: 0 })))
})

test('the kernel clock is brought to the time of day', () => {
  const told = epochOffset() + process.hrtime.bigint()
  assert.ok(Math.abs(Number(told / 1_000_000n) - Date.now()) < 100)
})
