import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { FlowHistory, historyCapacity } from '../monitor/history.ts'
import { syntheticFlow, syntheticLoss } from '../synthetic.ts'
import { version } from '../version.ts'
import type { GetFlowsRequest } from './get-flows.ts'
import { serveHubble } from './listen.ts'
import { ended, ObserverClient } from './observer-client.ts'
import { loadSchema } from './schema.ts'
import type { ObserverSource } from './source.ts'

const second = 1_000_000_000n

/** Seconds since the epoch as flows and as requests have them. */
const at = (seconds: number) => ({ time: `${BigInt(seconds) * second}` })
const stamp = (seconds: number) => ({ seconds: `${seconds}`, nanos: 0 })

/** There is nothing to log about clients. */
function unexpected(...line: unknown[]): never {
  throw new Error(`logged ${JSON.stringify(line)}`)
}

/** A server with a history of its own, and a client of it. */
async function served(t: TestContext, history = new FlowHistory()) {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-hubble-'))
  const socket = join(directory, 'n1.hubble.sock')
  const lost: number[] = []
  const source: ObserverSource = {
    node: 'n1',
    history: () => history,
    lostToReader: (count) => lost.push(count),
    told: () => 4711,
    nodes: () => [
      { name: 'n1', underlay: '192.168.0.1' },
      { name: 'n2', underlay: '192.168.0.2' },
    ],
  }
  const listener = await serveHubble(socket, source, unexpected)
  const client = new ObserverClient(`unix://${socket}`)
  t.after(() => {
    client.close()
    listener.close()
    rmSync(directory, { recursive: true })
  })
  return { client, history, socket, lost }
}

/** Five flows, a second apart, to ports 1 to 5. */
function remembering(): FlowHistory {
  const history = new FlowHistory()
  for (let port = 1; port <= 5; port++) history.append(syntheticFlow({ ...at(port), destinationPort: port }))
  return history
}

async function portsOf(client: ObserverClient, request: GetFlowsRequest): Promise<number[]> {
  const { messages, status: ending } = await client.flows(request)
  assert.equal(ending.code, status.OK, ending.details)
  return messages.map(({ flow }) => flow.l4.TCP.destination_port)
}

test('only its owner can open the socket', async (t) => {
  const { socket } = await served(t)
  assert.equal(statSync(socket).mode & 0o777, 0o600)
})

test('what is remembered is told: all of it, the last or the first of it', async (t) => {
  const { client } = await served(t, remembering())
  assert.deepEqual(await portsOf(client, {}), [1, 2, 3, 4, 5])
  assert.deepEqual(await portsOf(client, { number: '2' }), [4, 5])
  assert.deepEqual(await portsOf(client, { number: '2', first: true }), [1, 2])
  assert.deepEqual(await portsOf(client, { number: `${2n ** 64n - 1n}` }), [1, 2, 3, 4, 5])
})

test('since and until bound the time, both included', async (t) => {
  const { client } = await served(t, remembering())
  assert.deepEqual(await portsOf(client, { since: stamp(4) }), [4, 5])
  assert.deepEqual(await portsOf(client, { until: stamp(2) }), [1, 2])
  assert.deepEqual(await portsOf(client, { since: stamp(2), until: stamp(4), number: '2' }), [3, 4])
  assert.deepEqual(await portsOf(client, { since: { seconds: '4', nanos: 1 } }), [5])
})

test('filters select before flows are counted', async (t) => {
  const { client } = await served(t, remembering())
  const whitelist = [{ destination_port: ['1', '3'] }, { destination_port: ['5'] }]
  assert.deepEqual(await portsOf(client, { whitelist, number: '2' }), [3, 5])
  assert.deepEqual(await portsOf(client, { whitelist, blacklist: [{ destination_port: ['3'] }] }), [1, 5])
})

test('who follows gets what was asked for of the past, and then what comes, until it has had enough', async (t) => {
  const { client, history } = await served(t, remembering())
  const stream = client.follow({ follow: true, number: '1', whitelist: [{ encrypted: [true] }] })
  const ports: number[] = []
  stream.on('data', ({ flow }) => {
    ports.push(flow.l4.TCP.destination_port)
    if (ports.length === 1) {
      history.append(syntheticFlow({ destinationPort: 6, encrypted: false }))
      history.append(syntheticFlow({ destinationPort: 7 }))
    } else stream.cancel()
  })
  const { status: ending } = await ended(stream)
  assert.equal(ending.code, status.CANCELLED)
  assert.deepEqual(ports, [5, 7])
})

test('who follows and asks for no number gets nothing of the past', async (t) => {
  const { client, history } = await served(t, remembering())
  const stream = client.follow({ follow: true })
  // The first answer of another call: by then the server has read the request before it on the same connection.
  await client.call('observer.Observer', 'ServerStatus')
  history.append(syntheticFlow({ destinationPort: 6 }))
  stream.once('data', () => stream.cancel())
  const { messages } = await ended(stream)
  assert.deepEqual(
    messages.map(({ flow }) => flow.l4.TCP.destination_port),
    [6],
  )
})

test('with follow and until, the first flow after that time ends it', async (t) => {
  const { client, history } = await served(t)
  const stream = client.follow({ follow: true, until: stamp(10) })
  await client.call('observer.Observer', 'ServerStatus')
  for (const seconds of [9, 10, 11]) history.append(syntheticFlow(at(seconds)))
  const { messages, status: ending } = await ended(stream)
  assert.deepEqual([messages.length, ending.code], [2, status.OK])
})

test('a reader that goes away is not remembered', async (t) => {
  const listeners = new Set<unknown>()
  class Counting extends FlowHistory {
    override subscribe(listener: Parameters<FlowHistory['subscribe']>[0]) {
      listeners.add(listener)
      const stop = super.subscribe(listener)
      return () => {
        listeners.delete(listener)
        stop()
      }
    }
  }
  const { client, history } = await served(t, new Counting())
  const stream = client.follow({ follow: true })
  await client.call('observer.Observer', 'ServerStatus')
  assert.equal(listeners.size, 1)
  history.append(syntheticFlow())
  stream.once('data', () => stream.cancel())
  await ended(stream)
  while (listeners.size > 0) await client.call('observer.Observer', 'ServerStatus')
})

test('losses are told in their place and do not count as flows', async (t) => {
  const history = new FlowHistory()
  history.append(syntheticLoss({ ...at(1), lost: 3 }))
  history.append(syntheticFlow(at(2)))
  history.append(syntheticLoss({ ...at(3), lost: 7 }))
  history.append(syntheticFlow(at(4)))
  const { client } = await served(t, history)
  const { messages } = await client.flows({ number: '2', whitelist: [{ verdict: ['FORWARDED'] }] })
  assert.deepEqual(
    messages.map(({ flow, lost_events: lost }) => (flow ? 'flow' : [lost.source, lost.num_events_lost])),
    ['flow', ['PERF_EVENT_RING_BUFFER', '7'], 'flow'],
  )
})

test('that something of the time asked for is forgotten is said first', async (t) => {
  const history = new FlowHistory(2)
  for (const seconds of [1, 2, 3, 4, 5]) history.append(syntheticFlow(at(seconds)))
  const { client } = await served(t, history)
  const [first, ...flows] = (await client.flows({ since: stamp(2) })).messages
  assert.deepEqual([first.lost_events.source, first.lost_events.num_events_lost], ['HUBBLE_RING_BUFFER', '3'])
  assert.equal(flows.length, 2)
  assert.equal((await client.flows({ since: stamp(4) })).messages.length, 2)
})

test('a reader who is too slow is told how much it has lost, and so is the agent', async (t) => {
  const { client, history, lost } = await served(t)
  const stream = client.follow({ follow: true })
  await client.call('observer.Observer', 'ServerStatus')
  // In one turn of the event loop nothing can be read.
  const count = 10_000
  for (let index = 0; index < count; index++) history.append(syntheticFlow())
  const messages: { flow?: object; lost_events?: { num_events_lost: string } }[] = []
  await new Promise<void>((resolve) => {
    stream.on('data', (message) => {
      messages.push(message)
      if (message.lost_events) resolve()
    })
  })
  stream.on('error', () => {})
  stream.cancel()
  const missing = Number(messages.at(-1)?.lost_events?.num_events_lost)
  assert.ok(missing > 0)
  assert.equal(messages.length - 1 + missing, count)
  assert.equal(lost.length, missing)
})

test('a field mask leaves only what it names', async (t) => {
  const { client } = await served(t, remembering())
  const request = { number: '1', field_mask: { paths: ['source.pod_name', 'IP', 'IP.encrypted'] } }
  const [{ flow }] = (await client.flows(request)).messages as [{ flow: object }]
  assert.deepEqual(flow, {
    source: { pod_name: 'a' },
    IP: { source: '10.0.1.2', destination: '10.0.2.2', ipVersion: 'IPv4', encrypted: true },
  })
})

const refused: readonly (readonly [what: string, GetFlowsRequest, code: status, details: RegExp])[] = [
  ['first and follow', { first: true, follow: true }, status.INVALID_ARGUMENT, /first .* follow/],
  ['a filter not here', { whitelist: [{ http_path: ['/'] }] }, status.UNIMPLEMENTED, /http_path/],
  ['the same, excluding', { blacklist: [{ reply: [true] }] }, status.UNIMPLEMENTED, /reply/],
  ['no port', { whitelist: [{ source_port: ['http'] }] }, status.INVALID_ARGUMENT, /"http" is no port/],
  ['no field', { field_mask: { paths: ['source.name'] } }, status.INVALID_ARGUMENT, /source\.name/],
  ['extensions', { extensions: { type_url: 'x' } }, status.UNIMPLEMENTED, /extensions/],
]
for (const [what, request, code, details] of refused)
  test(`a bad request is refused with its reason: ${what}`, async (t) => {
    const { client } = await served(t, remembering())
    const { messages, status: ending } = await client.flows(request)
    assert.deepEqual([messages, ending.code], [[], code])
    assert.match(ending.details, details)
  })

test('a filter that is newer than this agent is refused, not passed over', async (t) => {
  const { client } = await served(t, remembering())
  const { requestSerialize } = loadSchema().observer.GetFlows!
  const known = requestSerialize({ whitelist: [{ encrypted: [false] }] })
  assert.deepEqual((await client.flows(known)).messages, [])
  // whitelist { field 99: true }: what passes over it would match every flow.
  const newer = Buffer.concat([known, Buffer.from('3203980601', 'hex')])
  const { messages, status: ending } = await client.flows(newer)
  assert.deepEqual([messages, ending.code], [[], status.UNIMPLEMENTED])
  assert.match(ending.details, /whitelist\.field 99/)
})

test('status, nodes and namespaces say what the agent knows', async (t) => {
  const { client, history } = await served(t)
  const namespaces = () => client.call('observer.Observer', 'GetNamespaces')
  assert.deepEqual(await namespaces(), {})
  const now = `${BigInt(Date.now()) * 1_000_000n}`
  for (let index = 0; index < 60; index++) history.append(syntheticFlow({ time: now }))
  assert.deepEqual(await namespaces(), { namespaces: [{ namespace: 'default' }] })

  const { uptime_ns: uptime, ...rest } = await client.call('observer.Observer', 'ServerStatus')
  assert.ok(BigInt(uptime) > 0n)
  const counts = { num_flows: '60', max_flows: `${historyCapacity}`, seen_flows: '4711' }
  assert.deepEqual(rest, { version: `wireproof ${version}`, ...counts, flows_rate: 1 })

  const { nodes } = await client.call('observer.Observer', 'GetNodes')
  assert.deepEqual(
    nodes.map((node: { name: string; address: string; state: string }) => [
      node.name,
      node.address,
      node.state,
    ]),
    [
      ['n1', '192.168.0.1', 'NODE_CONNECTED'],
      ['n2', '192.168.0.2', 'UNKNOWN_NODE_STATE'],
    ],
  )
})

test('the health check that `hubble status` begins with is answered', async (t) => {
  const { client } = await served(t)
  const health = (service: string) => client.call('grpc.health.v1.Health', 'Check', { service })
  for (const service of ['hubble.server.Observer', 'observer.Observer', ''])
    assert.deepEqual(await health(service), { status: 'SERVING' })
  await assert.rejects(health('peer.Peer'), { code: status.NOT_FOUND })
})

test('a client that goes away at once, or speaks something else, does not disturb the others', async (t) => {
  const { client, socket } = await served(t, remembering())
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  for (const bytes of ['', 'GET / HTTP/1.1\r\n\r\n', '\0'.repeat(100), `${preface}${'\x7f'.repeat(50)}`]) {
    const stranger = connect(socket)
    await once(stranger, 'connect')
    stranger.end(bytes)
    stranger.destroy()
  }
  assert.deepEqual(await portsOf(client, { number: '1' }), [5])
})

test("events of Cilium's agent and of its debugging are not here, and that is said", async (t) => {
  const { client } = await served(t)
  for (const method of ['GetAgentEvents', 'GetDebugEvents'])
    assert.equal((await ended(client.follow({}, method))).status.code, status.UNIMPLEMENTED)
})
