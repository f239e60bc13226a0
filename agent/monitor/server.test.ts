import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { AgentStatus, Flow } from '../api.ts'
import { connectAgent } from '../client.ts'
import { AgentProblem } from '../problem.ts'
import { type Served, serve } from './server.ts'

const status: AgentStatus = {
  node: 'n1',
  pid: 1,
  encryptL3: true,
  strict: true,
  settled: true,
  waiting: [],
  peers: [],
  pods: ['a'],
  counters: { 'to-wire/encrypted/protected': { packets: 1, bytes: 100 } },
  sessions: { entries: 1, capacity: 10, begun: 2, evicted: 1, refused: 0 },
}

const flow = { node: 'n1', hook: 'to-wire', source: '10.0.1.2', destination: '10.0.2.2' } as Flow

async function served(context: TestContext, changes: Partial<Served> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-api-'))
  const socket = join(directory, 'agents', 'n1.sock')
  const server = await serve(socket, {
    status: () => status,
    onFlow: () => () => {},
    putPod: () => {},
    deletePod: () => true,
    settled: async () => ({ settled: true, waiting: [] }),
    ...changes,
  })
  context.after(() => {
    server.close()
    server.closeAllConnections()
    rmSync(directory, { recursive: true })
  })
  return { socket, client: connectAgent(socket) }
}

test('the status arrives as it was told, over a socket for its owner only', async (context) => {
  const { client, socket } = await served(context)
  assert.deepEqual(await client.status(), status)
  assert.equal(statSync(socket).mode & 0o777, 0o600)
})

test('flows are streamed until the reader has had enough, and then nobody listens any more', async (context) => {
  let listener: ((flow: Flow) => void) | undefined
  let stopped = () => {}
  const ended = new Promise<void>((resolve) => (stopped = resolve))
  const { client } = await served(context, {
    onFlow(each) {
      listener = each
      setImmediate(() => each(flow))
      return () => stopped()
    },
  })
  const reader = new AbortController()
  const seen: Flow[] = []
  for await (const each of client.flows(reader.signal)) {
    seen.push(each)
    if (seen.length < 3) listener?.(flow)
    else reader.abort()
  }
  assert.deepEqual(seen, [flow, flow, flow])
  await ended
})

test('a pod is put by name, device and address', async (context) => {
  const put: unknown[] = []
  const { client } = await served(context, { putPod: (name, pod) => put.push([name, pod]) })
  await client.putPod('a', { device: 'p-a', addresses: ['10.0.1.2'] })
  assert.deepEqual(put, [['a', { device: 'p-a', addresses: ['10.0.1.2'] }]])
  await assert.rejects(client.putPod('a', { device: 'p-a' } as never), { code: 'EBODY' })
})

test('why a pod was refused reaches who asked, with code and remedy', async (context) => {
  const { client } = await served(context, {
    putPod() {
      throw new AgentProblem('EPOD', 2, 'pod a has no device', 'Make it first.')
    },
  })
  await assert.rejects(client.putPod('a', { device: 'x', addresses: ['10.0.1.2'] }), {
    code: 'EPOD',
    message: 'pod a has no device. Make it first.',
  })
})

test('waiting for a settled node asks again until it is, and says at the end what is missing', async (context) => {
  let asked = 0
  const { client } = await served(context, {
    settled: async () => ({ settled: ++asked === 3, waiting: ['n2: it does not receive yet'] }),
  })
  await client.settled()
  assert.equal(asked, 3)
  await assert.rejects(client.settled(AbortSignal.timeout(50)), {
    code: 'EUNSETTLED',
    message: /n2: it does not/,
  })
})

test('an agent that is not there is said not to answer', async () => {
  await assert.rejects(connectAgent('/nonexistent.sock').status(), {
    code: 'EAGENT',
    message: /does not answer/,
  })
})
