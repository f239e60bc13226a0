import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import { type TestContext, test } from 'node:test'
import type { Served } from '../monitor/server.ts'
import { parseListenAddress } from './listen-address.ts'
import { portOf, serveMetrics } from './server.ts'

const agent = {
  metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
  health: () => ({ ok: true, checks: [{ name: 'netlink' }] }),
  readiness: () => ({ ok: false, checks: [{ name: 'settled', problem: 'n2: its agent has not started' }] }),
} as unknown as Served

async function served(context: TestContext, what = agent): Promise<Server> {
  const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, what)
  context.after(() => server.close())
  return server
}

test('metrics and probes are served over TCP, and nothing else', async (context) => {
  const port = portOf(await served(context))
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
    return [response.status, await response.text()]
  }
  assert.deepEqual(await ask('/metrics'), [200, 'up 1\n'])
  assert.deepEqual(await ask('/healthz'), [200, '[+] netlink\n'])
  assert.deepEqual(await ask('/readyz'), [503, '[-] settled: n2: its agent has not started\n'])
  for (const [path, method] of [
    ['/status', 'GET'],
    ['/flows', 'GET'],
    ['/pods/a', 'DELETE'],
    ['/metrics', 'PUT'],
  ] as const)
    assert.equal((await ask(path, method))[0], 404, `${method} ${path}`)
})

test('what goes wrong in a scrape is answered with 500, and the next one is served', async (context) => {
  let isBroken = true
  const metrics = async () => {
    if (isBroken) throw new Error('netlink does not answer')
    return agent.metrics()
  }
  const port = portOf(await served(context, { ...agent, metrics }))
  const broken = await fetch(`http://127.0.0.1:${port}/metrics`)
  assert.deepEqual([broken.status, await broken.text()], [500, 'netlink does not answer\n'])
  isBroken = false
  assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 200)
})

test('an address that is taken is said so, with a remedy', async (context) => {
  const port = portOf(await served(context))
  await assert.rejects(serveMetrics({ host: '127.0.0.1', port }, agent), {
    code: 'EMETRICS',
    exitCode: 4,
    message: `metrics cannot be served at 127.0.0.1 port ${port}: EADDRINUSE`,
  })
})

test('where to listen is a port of loopback, or an address and a port', () => {
  assert.deepEqual(parseListenAddress('9465'), { host: '127.0.0.1', port: 9465 })
  assert.deepEqual(parseListenAddress('0.0.0.0:9465'), { host: '0.0.0.0', port: 9465 })
  assert.deepEqual(parseListenAddress('[::1]:0'), { host: '::1', port: 0 })
  for (const wrong of ['', ':9465', '::1:9465', 'localhost:9465', '127.0.0.1', '1.2.3.4:99999', '1.2.3.4:'])
    assert.equal(parseListenAddress(wrong), undefined, wrong)
})
