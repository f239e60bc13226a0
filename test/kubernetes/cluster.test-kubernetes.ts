import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildImage } from '../../images/build.ts'
import { eventually } from '../eventually.ts'
import { root, run, wireproof } from '../wireproof.ts'
import { type KindCluster, standUpKindCluster } from './kind-cluster.ts'

const name = 'wireproof-test'
const [here, elsewhere] = [`${name}-control-plane`, `${name}-worker`]
let cluster: KindCluster
/** Whether this machine's kernel can encrypt: where it cannot, what is protected is held back. */
let encrypts: boolean

before(async () => {
  const { archive } = await buildImage('workload', { report: () => {} })
  cluster = await standUpKindCluster({ name, workers: 1, archives: [archive] })
  cluster.apply(workloadPod('a', here), workloadPod('b', here), workloadPod('c', elsewhere))
  done(kubectl(['wait', '--for=condition=Ready', 'pod', '--all', '--timeout=120s']))
  await inTime(() => assert.doesNotMatch(shown(), /AgentSilent|^wireproof-test-\S+ +\d+s$/m))
  encrypts = /True/.test(conditionOf(here, 'Encrypting').status)
})
after(async () => {
  await cluster?.dispose()
})

const kubectl = (argv: readonly string[]) => cluster.kubectl(argv)

function done({ status, stderr }: ReturnType<typeof kubectl>): void {
  assert.equal(status, 0, stderr)
}

function workloadPod(pod: string, nodeName: string) {
  const container = {
    name: 'workload',
    image: 'wireproof-workload',
    imagePullPolicy: 'Never',
    command: ['node', '-e', 'setInterval(() => {}, 1 << 30)'],
    securityContext: { capabilities: { add: ['NET_RAW'] } },
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod, labels: { app: pod } },
    spec: {
      nodeName,
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
      containers: [container],
    },
  }
}

const shown = () => kubectl(['get', 'wireproofnodes']).stdout

function conditionOf(node: string, type: string): { status: string; reason: string } {
  const { stdout } = kubectl(['get', 'wireproofnode', node, '-o', 'json'])
  return JSON.parse(stdout).status.conditions.find((each: { type: string }) => each.type === type)
}

const addressOf = (pod: string) => kubectl(['get', 'pod', pod, '-o', 'jsonpath={.status.podIP}']).stdout

/** @returns how many of three echo requests were answered. */
function answered(from: string, to: string): number {
  const { stdout } = kubectl(['exec', from, '--', 'ping', '-c', '3', '-i', '0.3', '-W', '1', addressOf(to)])
  return Number(/(\d+) (?:packets )?received/.exec(stdout)?.[1])
}

const inTime = (check: () => void) => eventually(check, { withinMs: 60_000, everyMs: 500 })

/** Packets between pods, in clear, that cross the bridge between the nodes meanwhile: no agent has a hand on that. */
async function inClear(action: () => void | Promise<void>): Promise<string[]> {
  const { stdout } = spawnSync('docker', ['network', 'inspect', '-f', '{{.Id}}', 'kind'], {
    encoding: 'utf8',
  })
  const bridge = `br-${stdout.slice(0, 12)}`
  const filter = 'src net 10.244.0.0/16 and dst net 10.244.0.0/16'
  const instrument: ChildProcess = spawn('tcpdump', ['-l', '-n', '--immediate-mode', '-i', bridge, filter])
  let seen = ''
  instrument.stdout!.on('data', (chunk) => {
    seen += chunk
  })
  await new Promise<void>((resolve, reject) => {
    instrument.stderr!.on('data', (chunk) => `${chunk}`.includes('listening on') && resolve())
    instrument.once('exit', () => reject(new Error(`tcpdump cannot listen at ${bridge}`)))
  })
  await action()
  await sleep(500)
  const ended = new Promise((resolve) => instrument.once('close', resolve))
  instrument.removeAllListeners('exit')
  instrument.kill('SIGINT')
  await ended
  return seen.split('\n').filter(Boolean)
}

async function setStrict(strict: boolean): Promise<void> {
  cluster.changeSettings({ strict })
  const pods = JSON.parse(kubectl(['get', 'pods', '-n', 'wireproof-system', '-o', 'json']).stdout)
  const question = `require('http').get({ socketPath: '/run/wireproof/agent.sock', path: '/status' }, (r) => r.pipe(process.stdout))`
  for (const { metadata } of pods.items)
    await inTime(() => {
      const at = ['exec', '-n', 'wireproof-system', metadata.name, '-c', 'agent', '--']
      assert.equal(JSON.parse(kubectl([...at, 'node', '-e', question]).stdout).strict, strict)
    })
}

describe('a cluster whose network is our agents', () => {
  test('has every node ready, and says whether it encrypts', () => {
    const { stdout } = kubectl(['get', 'nodes', '--no-headers'])
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/).slice(0, 2)),
      [
        [here, 'Ready'],
        [elsewhere, 'Ready'],
      ],
    )
    for (const node of [here, elsewhere])
      assert.equal(conditionOf(node, 'Encrypting').reason, encrypts ? 'Strict' : 'NoESP')
  })

  test('lets pods of a node talk, and those of different nodes only encrypted', async () => {
    const clear = await inClear(() => {
      assert.equal(answered('a', 'b'), 3)
      assert.equal(answered('a', 'c'), encrypts ? 3 : 0)
    })
    assert.deepEqual(clear, [])
  })

  test('shows the same instrument cleartext where strict mode is off and nothing can be encrypted', async () => {
    await setStrict(false)
    const clear = await inClear(() => assert.equal(answered('a', 'c'), 3))
    await setStrict(true)
    assert.equal(
      clear.some((line) => /ICMP echo request/.test(line)),
      !encrypts,
    )
  })

  test('enforces network policies', async () => {
    const isolated = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'isolated' },
      spec: { podSelector: { matchLabels: { app: 'b' } }, policyTypes: ['Ingress'] },
    }
    cluster.apply(isolated)
    await inTime(() => assert.equal(answered('a', 'b'), 0))
    done(kubectl(['delete', 'networkpolicy', 'isolated']))
    await inTime(() => assert.equal(answered('a', 'b'), 3))
  })

  test('stays guarded while its agents are killed, and goes on with the next', async () => {
    const clear = await inClear(async () => {
      for (const node of [here, elsewhere])
        spawnSync('docker', ['exec', node, 'pkill', '-9', '-f', 'agent/main.ts'])
      assert.equal(answered('a', 'c'), encrypts ? 3 : 0)
      await inTime(() => assert.doesNotMatch(shown(), /AgentSilent/))
      assert.equal(answered('a', 'b'), 3)
    })
    assert.deepEqual(clear, [])
  })

  test('is played on by demos, which say INCONCLUSIVE where the kernel cannot encrypt', async () => {
    const evidence = join(cluster.directory, 'evidence')
    const { code, stdout, stderr } = await wireproof([
      'demo',
      '--lab',
      `kind:${name}`,
      '--evidence',
      evidence,
    ])
    assert.equal(code, encrypts ? 0 : 3, stdout + stderr)
    assert.match(stdout + stderr, encrypts ? /PROVEN/ : /INCONCLUSIVE: node \S+ encrypts nothing/)
    assert.equal(/PROVEN/.test(stdout + stderr), encrypts)
  })

  test('is watched with the plugin of kubectl, through the API server', async () => {
    const plugin = join(root, 'cli/kubectl-wireproof')
    const env = { KUBECONFIG: cluster.kubeconfig }
    const status = await run([plugin, 'status', '--json'], { env })
    const answers = JSON.parse(status.stdout) as { node: string; status?: { obstacle?: string } }[]
    assert.deepEqual(
      answers.map(({ node, status }) => [node, status?.obstacle === undefined]),
      [here, elsewhere].map((node) => [node, encrypts]),
    )
    assert.equal(status.code, encrypts ? 0 : 1, status.stderr)
    answered('a', 'c')
    const { code, stdout, stderr } = await run(
      [plugin, 'monitor', '--no-follow', '--since', '10s', '--pod', 'default/a', '--json'],
      { env },
    )
    assert.equal(code, 0, stderr)
    const verdicts = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).verdict as string)
    assert.ok(verdicts.includes(encrypts ? 'encrypted' : 'dropped'), stdout)
  })

  test('is not watched by whoever may not exec in the agents', async () => {
    const { stdout: token } = kubectl(['create', 'token', 'default'])
    const file = join(cluster.directory, 'powerless')
    const config = JSON.parse(kubectl(['config', 'view', '--raw', '-o', 'json']).stdout)
    config.users[0].user = { token: token.trim() }
    writeFileSync(file, JSON.stringify(config))
    const argv = [join(root, 'cli/kubectl-wireproof'), 'status']
    const { code, stderr } = await run(argv, { env: { KUBECONFIG: file } })
    assert.equal(code, 4)
    assert.match(stderr, /does not let us: .*forbidden/)
  })
})
