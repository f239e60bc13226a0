import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Datapath, here, markEncrypt, there } from './datapath.ts'
import { datagram } from './frames.ts'

const across = { source: here.pod, destination: there.pod }

test('the first packet of a flow is an event, with all that is known of it', () => {
  using datapath = new Datapath('strict')
  const frame = datagram(across, 53)
  const [event, ...more] = datapath.run('from_pod', frame).events
  assert.deepEqual(more, [])
  const { time, ...rest } = event!
  assert.ok(time > 0n && time <= process.hrtime.bigint())
  assert.deepEqual(rest, {
    source: here.pod,
    destination: there.pod,
    packets: 1n,
    bytes: BigInt(frame.length),
    sourcePort: 40000,
    destinationPort: 53,
    protocol: 17,
    hook: 'from-pod',
    verdict: 'encrypted',
    reason: 'protected',
    sourceIdentity: 101,
    destinationIdentity: 202,
    mark: markEncrypt,
    rule: 0,
  })
})

test('a flow is silent for a second, then tells what passed meanwhile', async () => {
  using datapath = new Datapath('strict')
  const frame = datagram(across)
  assert.equal(datapath.run('from_pod', frame).events.length, 1)
  for (let i = 0; i < 5; i++) assert.equal(datapath.run('from_pod', frame).events.length, 0)
  await setTimeout(1050)
  const [event] = datapath.run('from_pod', frame).events
  assert.deepEqual([event!.packets, event!.bytes], [6n, BigInt(6 * frame.length)])
})

test('a decision that changes is told at once', () => {
  using datapath = new Datapath('strict')
  const frame = datagram(across)
  datapath.run('from_pod', frame)
  datapath.configure('off')
  const [event] = datapath.run('from_pod', frame).events
  assert.deepEqual([event!.verdict, event!.reason], ['clear', 'encryption-off'])
  assert.equal(datapath.run('from_pod', frame).events.length, 0)
})

test('another port and another hook are another flow', () => {
  using datapath = new Datapath('permissive')
  assert.equal(datapath.run('from_pod', datagram(across, 1)).events.length, 1)
  assert.equal(datapath.run('from_pod', datagram(across, 2)).events.length, 1)
  assert.equal(datapath.run('to_wire', datagram(across, 1)).events.length, 1)
  assert.equal(datapath.run('from_pod', datagram(across, 1)).events.length, 0)
})

test('an event that finds the ring full is counted as lost, and its packets come with the next', () => {
  using datapath = new Datapath('strict', { mapSizes: { events: 4096 } })
  const program = datapath.object.program('to_wire')
  const flows = 100
  for (let port = 1; port <= flows; port++) program.testRun({ data: datagram(across, port) })
  const lost = datapath.lost()
  const told: number[] = []
  datapath.consume((event) => told.push(event.destinationPort))
  assert.equal(told.length + lost, flows)
  assert.ok(lost > 0)
  const [event] = datapath.run('to_wire', datagram(across, flows)).events
  assert.equal(event!.packets, 2n)
  assert.equal(datapath.lost(), lost)
})
