import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { isSecret, type Output, output } from '@pulumi/pulumi'
import { type Declared, everythingDeclared, mockedKey, mockPulumi } from '../mocks.ts'

let declared: Declared[]
const token = 'the-token-of-an-administrator'

const node = (name: string, podCIDR: string) => ({
  metadata: { name },
  spec: { podCIDR },
  status: {
    nodeInfo: { kernelVersion: '6.12.1', operatingSystem: 'linux' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
})
/** What the API server has; all else is not there. */
const objects: Record<string, unknown> = {
  '/api/v1/namespaces/kube-system': { metadata: { uid: 'the-uid' } },
  '/api/v1/nodes': { items: [node('n1', '10.1.1.0/24'), node('n2', '10.1.2.0/24')] },
  '/api/v1/pods?limit=500': { items: [] },
  '/apis/apps/v1/daemonsets': { items: [] },
}
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.headers.authorization}`)
  const found = objects[request.url ?? '']
  response.writeHead(found ? 200 : 404).end(JSON.stringify(found ?? { message: 'not found' }))
})
const directory = mkdtempSync(join(tmpdir(), 'wireproof-existing-'))
const kubeconfig = join(directory, 'kubeconfig')
after(() => {
  server.close()
  rmSync(directory, { recursive: true })
})

async function run(config: Readonly<Record<string, string>> = {}) {
  declared.length = 0
  const { program } = await import('./index.ts')
  const outputs = await program(
    (name) => ({ kubeconfig, agentImage: 'registry.test/agent:1', ...config })[name],
  )
  await everythingDeclared()
  return outputs
}

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  writeFileSync(
    kubeconfig,
    `apiVersion: v1
kind: Config
current-context: theirs
clusters: [{ name: c, cluster: { server: "http://127.0.0.1:${port}", insecure-skip-tls-verify: true } }]
users: [{ name: u, user: { token: ${token} } }]
contexts: [{ name: theirs, context: { cluster: c, user: u } }]
`,
  )
  declared = await mockPulumi('existing')
})

const known = (value: Output<unknown>) => new Promise((resolve) => value.apply(resolve))

const one = (type: string, prefix = '') =>
  declared.find((each) => each.type.endsWith(`:${type}`) && each.name.startsWith(prefix))!

test('the cluster is looked at, and only looked at', async () => {
  await run()
  assert.ok(asked.length > 0)
  assert.deepEqual([...new Set(asked)], [`GET Bearer ${token}`])
})

test('agents of another network leave it alone', async () => {
  await run()
  const settings = JSON.parse((one('ConfigMap').inputs.data as { 'config.json': string })['config.json'])
  assert.deepEqual(settings, {
    encryptL3: true,
    strict: false,
    routing: 'given',
    clusterCidrs: ['10.1.1.0/24', '10.1.2.0/24'],
  })
  const agents = JSON.stringify(one('DaemonSet', 'agent-').inputs)
  assert.ok(agents.includes('registry.test/agent:1'))
  assert.ok(!agents.includes('cni'))
})

test('they are the network where that is asked for', async () => {
  await run({ network: 'ours', strict: 'true' })
  const agents = JSON.stringify(one('DaemonSet', 'agent-').inputs)
  assert.ok(agents.includes('--cni=/etc/cni/net.d'))
  assert.match(JSON.stringify(one('ConfigMap').inputs.data), /"strict\\":true,\\"routing\\":\\"native/)
})

test('nodes are looked at before agents start, with what they are to do', async () => {
  await run({ wire: 'ens4', withoutEsp: 'guard' })
  const { kubeconfig: credentials, ...inputs } = one('NodeReadiness').inputs
  assert.deepEqual(inputs, {
    cluster: 'the-uid',
    image: 'registry.test/agent:1',
    suite: 'aes-gcm-128',
    wire: 'ens4',
    refuses: false,
  })
  assert.ok(JSON.stringify(credentials).includes(token))
})

test('objects are taken back one by one, since the cluster stays', async () => {
  await run()
  const { inputs } = declared.find(({ type }) => type === 'pulumi:providers:kubernetes')!
  assert.deepEqual([inputs.deleteUnreachable, inputs.clusterIdentifier], ['false', 'the-uid'])
})

test('nobody is shown credentials or the key', async () => {
  const outputs = await run()
  const shown = await Promise.all(
    Object.values(outputs).map(async (each) => {
      const whole = output<unknown>(each)
      return (await isSecret(whole)) ? 'secret' : await known(whole)
    }),
  )
  assert.doesNotMatch(JSON.stringify(shown), new RegExp(`${token}|${mockedKey.slice(25, 45)}`))
  const holders = declared.filter(({ inputs }) => JSON.stringify(inputs).includes(mockedKey.slice(25, 45)))
  assert.deepEqual(
    holders.map(({ name }) => name),
    ['agent-secret-wireproof-key'],
  )
})

test('a cluster that agents would hurt gets nothing at all', async () => {
  objects['/apis/apps/v1/daemonsets'] = {
    items: [
      {
        metadata: { name: 'vpn', namespace: 'net' },
        spec: { template: { spec: { containers: [{ image: 'strongswan' }] } } },
      },
    ],
  }
  await assert.rejects(run(), { code: 'EUNFIT' })
  assert.deepEqual(declared, [])
})
