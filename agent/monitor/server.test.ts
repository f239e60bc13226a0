import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { Flow, FlowRecord } from '../api.ts'
import { connectAgent } from '../client.ts'
import { AgentProblem } from '../problem.ts'
import { syntheticFlow, syntheticLoss, syntheticStatus } from '../synthetic.ts'
import { FlowHistory } from './history.ts'
import { type Served, serve } from './server.ts'

const status = syntheticStatus()
const flow = syntheticFlow()

/** Tells one flow to who comes, and when it has gone again. */
class Watched extends FlowHistory {
  readonly left: Promise<void>
  #leave = () => {}

  constructor() {
    super()
    this.left = new Promise((resolve) => (this.#leave = resolve))
  }

  override subscribe(listener: (record: FlowRecord) => void): () => void {
    const stop = super.subscribe(listener)
    setImmediate(() => this.append(flow))
    return () => {
      stop()
      this.#leave()
    }
  }
}

async function served(context: TestContext, changes: Partial<Served> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-api-'))
  const socket = join(directory, 'agents', 'n1.sock')
  const server = await serve(socket, {
    node: 'n1',
    status: () => status,
    history: () => new FlowHistory(),
    lostToReader: () => {},
    metrics: async () => ({ contentType: 'text/plain', text: 'up 1\n' }),
    health: () => ({ ok: true, checks: [{ name: 'netlink' }] }),
    readiness: () => ({ ok: false, checks: [{ name: 'settled', problem: 'n2: its agent has not started' }] }),
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
  const history = new Watched()
  const { client } = await served(context, { history: () => history })
  const reader = new AbortController()
  const seen: Flow[] = []
  for await (const each of client.flows(reader.signal)) {
    seen.push(each)
    if (seen.length < 3) history.append(flow)
    else reader.abort()
  }
  assert.deepEqual(seen, [flow, flow, flow])
  await history.left
})

test('the past is told once, as it was asked for, and the stream ends', async (context) => {
  const history = new FlowHistory()
  const now = BigInt(Date.now()) * 1_000_000n
  const ago = (seconds: number) => `${now - BigInt(seconds) * 1_000_000_000n}`
  const old = syntheticFlow({ time: ago(100) })
  const loss = syntheticLoss({ time: ago(20) })
  const recent = syntheticFlow({ time: ago(10), verdict: 'clear', encrypted: false })
  for (const record of [old, loss, recent]) history.append(record)
  const { client } = await served(context, { history: () => history })
  const { signal } = new AbortController()
  const ask = async (query: Parameters<typeof client.records>[0]) => {
    const seen: FlowRecord[] = []
    for await (const record of client.records({ ...query, follow: false }, signal)) seen.push(record)
    return seen
  }
  assert.deepEqual(await ask({}), [])
  assert.deepEqual(await ask({ since: 50_000 }), [loss, recent])
  assert.deepEqual(await ask({ since: 500_000, encrypted: true }), [old, loss])
  assert.deepEqual(await ask({ last: 1 }), [recent])
  assert.deepEqual(await ask({ last: 2 }), [old, loss, recent])
  await assert.rejects(ask({ since: -1 }), { code: 'EQUERY' })
})

test('an agent that dies while it tells the past has not told it, and one that follows has gone', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-api-'))
  const socket = join(directory, 'n1.sock')
  const server = createServer((_request, response) => {
    response.write(`${JSON.stringify(flow)}\n`, () => setTimeout(() => response.destroy(), 10))
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  context.after(() => {
    server.close()
    rmSync(directory, { recursive: true })
  })
  for (const query of [{ since: 1000, follow: false }, {}]) {
    const seen: FlowRecord[] = []
    const read = async () => {
      for await (const record of connectAgent(socket).records(query, new AbortController().signal))
        seen.push(record)
    }
    await assert.rejects(read(), { code: 'EAGENT', message: 'the agent closed the stream of flows' })
    assert.deepEqual(seen, [flow])
  }
})

test('probes answer by their status and say why; there is nothing of the kind elsewhere', async (context) => {
  const { socket } = await served(context)
  const ask = (path: string) => fetchFrom(socket, path)
  assert.deepEqual(await ask('/healthz'), [200, '[+] netlink\n'])
  assert.deepEqual(await ask('/readyz'), [503, '[-] settled: n2: its agent has not started\n'])
  assert.deepEqual(await ask('/metrics'), [200, 'up 1\n'])
  assert.equal((await ask('/healthz/x'))[0], 400)
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

function fetchFrom(socketPath: string, path: string): Promise<[status: number | undefined, text: string]> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path }, async (response) => resolve([response.statusCode, await text(response)])).on(
      'error',
      reject,
    )
  })
}
