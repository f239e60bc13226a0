import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { get } from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { inNetworkNamespace } from '@wireproof/ffi'
import { openXfrm } from '@wireproof/netlink'
import { Value } from 'typebox/value'
import type { Flow, FlowLoss, FlowRecord } from '../agent/api.ts'
import { AuditReport } from '../cli/audit/schema.ts'
import type { NodeAnswer } from '../cli/status/findings.ts'
import { xfrmErrors } from '../cli/status/xfrm-errors.ts'
import { agentSocket, clusterDirectory, namespacePath, nodeNamespace } from '../lab/netns/layout.ts'
import { standUp, takeDown } from '../lab/netns/lifecycle.ts'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'
import { AgentCluster } from './agent-cluster.ts'
import { wireproof } from './wireproof.ts'

// Two nodes with a pod each. The tests follow each other on the same lab; each audits what it has done itself.
const name = 'audittest'
const on = { encryptL3: true, strict: true }
const pods = [
  { name: 'a', node: 'n1', labels: { app: 'web' } },
  { name: 'b', node: 'n2', labels: { app: 'db' } },
]
let lab: NetnsLab

before(async () => {
  lab = await standUp(name, { nodes: [{ name: 'n1' }, { name: 'n2' }], pods }, on, () => {})
})
after(() => takeDown(name))

async function audit(...options: string[]): Promise<{ code: number | null; report: AuditReport }> {
  const { code, stdout, stderr } = await wireproof(['audit', '--lab', name, '--format', 'json', ...options])
  assert.equal(stderr, '')
  const report = JSON.parse(stdout) as AuditReport
  assert.deepEqual([...Value.Errors(AuditReport, report)], [])
  return { code, report }
}

async function addressOf(pod: string): Promise<string> {
  return (await lab.pods()).find(({ name }) => name === pod)!.addresses[0]!
}

/** Echo requests from pod to pod, ten a second. @returns how many were answered. */
async function ping(from: string, to: string, count: number): Promise<number> {
  const argv = ['ping', '-q', '-c', `${count}`, '-i', '0.1', '-W', '1', await addressOf(to)]
  const child = lab.spawn(from, argv)
  const output = await text(child.stdout)
  return Number(/(\d+) (?:packets )?received/.exec(output)?.[1])
}

/** Records of the past, as `wireproof monitor` tells them. */
async function told(...options: string[]): Promise<FlowRecord[]> {
  const outcome = await wireproof(['monitor', '--lab', name, '--no-follow', '--json', ...options])
  assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
  return outcome.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

function withXfrm<Result>(node: string, action: (xfrm: ReturnType<typeof openXfrm>) => Result): Result {
  return inNetworkNamespace(namespacePath(nodeNamespace(name, node)), () => {
    using xfrm = openXfrm()
    return action(xfrm)
  })
}

/** Deletes what encrypts on a node, behind the back of an agent that cannot put it back. */
async function withoutPolicies(node: string, action: () => Promise<unknown>): Promise<void> {
  await lab.pauseAgent(node)
  try {
    withXfrm(node, (xfrm) =>
      xfrm.deletePolicies(xfrm.policies().filter(({ direction }) => direction === 'out')),
    )
    await action()
  } finally {
    await lab.resumeAgent(node)
    await lab.settled()
  }
}

/** Long enough for a command to start on a slow machine, and awaited, so that nothing of an earlier test is in it. */
const window = 8000
const forget = () => delay(window)

function ask(node: string, path: string, patience = 5000): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const options = { socketPath: agentSocket(name, node), path, timeout: patience }
    const request = get(options, async (response) => resolve([response.statusCode, await text(response)]))
    request.on('timeout', () => request.destroy(new Error('no answer'))).on('error', reject)
  })
}

test('with nothing to see the audit is inconclusive', async () => {
  const { code, report } = await audit('--for', '500ms')
  assert.deepEqual([code, report.conclusion], [5, 'inconclusive'])
  assert.deepEqual(report.because, ['no flow between nodes was seen encrypted'])
})

test('what pods of different nodes say is encrypted, and the report says of whom, how and under which key', async () => {
  const child = lab.spawn('a', ['ping', '-q', '-i', '0.1', await addressOf('b')])
  const { code, report } = await audit('--for', '2s')
  // At its end it says how many came back.
  child.kill('SIGINT')
  assert.match(await text(child.stdout), / 0% packet loss/)
  assert.deepEqual([code, report.conclusion, report.because], [0, 'encrypted', []])
  assert.deepEqual(report.flows, { encrypted: 2, clear: 0, heldBack: 0, outOfScope: 0 })
  assert.deepEqual(
    report.nodes.map((node) => [node.node, node.answered, node.encryptL3, node.strict, node.keyId]),
    [
      ['n1', true, true, true, 3],
      ['n2', true, true, true, 3],
    ],
  )
  const flow = (await told('--since', '10s', '--pod', 'a')).find(
    (each): each is Flow => 'hook' in each && each.hook === 'to-pod' && each.destinationPod === 'b',
  )
  assert.ok(flow)
  const { sourceLabels, destinationLabels, sourceNode, destinationNode, epoch, encrypted } = flow
  assert.deepEqual(
    { sourceLabels, destinationLabels, sourceNode, destinationNode, epoch, encrypted },
    {
      sourceLabels: { app: 'web' },
      destinationLabels: { app: 'db' },
      sourceNode: 'n1',
      destinationNode: 'n2',
      epoch: 3,
      encrypted: true,
    },
  )
  assert.ok(
    flow.sourceIdentity && flow.destinationIdentity && flow.sourceIdentity !== flow.destinationIdentity,
  )
})

test('the monitor tells the past through its filters', async () => {
  assert.deepEqual(
    (await told('--unencrypted')).filter((record) => 'verdict' in record && record.verdict !== 'forwarded'),
    [],
  )
  const decrypted = (await told('--verdict', 'decrypted')) as Flow[]
  assert.ok(decrypted.length > 0 && decrypted.every(({ verdict }) => verdict === 'decrypted'))
  assert.deepEqual((await told('--last', '1')).length, 1)
  assert.deepEqual(await told('--pod', 'nobody'), [])
  const lines = (await wireproof(['monitor', '--lab', name, 'n1', '--no-follow', '--encrypted'])).stdout
  assert.match(lines, /^\d\d:\d\d:\d\d\.\d{3} +n1 +from-pod +icmp +a +b +encrypted +3 +protected +\d+ +\d+$/m)
  assert.ok(!lines.includes('\x1b'), 'no colour where there is no terminal')
})

test('a healthy cluster says so, and nothing of a key', async () => {
  const { code, stdout } = await wireproof(['status', '--lab', name])
  assert.match(stdout, /^lab audittest: all 2 nodes encrypt, strictly, and are settled$/m)
  assert.equal(code, 0)
  const all = await wireproof(['status', '--lab', name, '--json'])
  const keys = withXfrm('n1', (xfrm) => xfrm.states().map((state) => state.aead!.key.toString('hex')))
  assert.equal(keys.length, 2)
  for (const key of keys) assert.ok(!all.stdout.includes(key.slice(0, 32)))
  const [first] = JSON.parse(all.stdout) as NodeAnswer[]
  assert.ok(first?.status?.peers[0]?.lastDecrypted, 'the kernel says when it was last used')
  assert.equal(first.status.suite, 'aes-gcm-128')
})

test('every error that this kernel counts is explained', () => {
  const counted = Object.keys(withXfrm('n1', (xfrm) => xfrm.statistics()))
  assert.ok(counted.length > 20)
  assert.deepEqual(
    counted.filter((counter) => !xfrmErrors[counter]),
    [],
  )
})

describe('the audit can fail:', () => {
  test('with encryption off, and then names each flow', async () => {
    await forget()
    await lab.configure({ encryptL3: false, strict: true })
    await ping('a', 'b', 3)
    const { code, report } = await audit('--since', `${window}ms`)
    assert.deepEqual([code, report.conclusion, report.flows.clear], [1, 'not-encrypted', 2])
    assert.deepEqual(
      report.violations.map((flow) => [
        flow.source.pod,
        flow.source.labels,
        flow.verdict,
        flow.reason,
        flow.toldBy,
      ]),
      [
        ['a', { app: 'web' }, 'clear', 'encryption-off', ['n1', 'n2']],
        ['b', { app: 'db' }, 'clear', 'encryption-off', ['n1', 'n2']],
      ],
    )
    const status = await wireproof(['status', '--lab', name])
    assert.equal(status.code, 1)
    assert.match(status.stdout, /^✗ n1, n2: ENCRYPTION IS OFF/m)
    await lab.configure(on)
  })

  test('with policies deleted in permissive mode, by the word of the receiver while the sender’s agent hangs', async () => {
    await forget()
    await lab.configure({ encryptL3: true, strict: false })
    await withoutPolicies('n1', async () => {
      assert.equal(await ping('a', 'b', 3), 3)
      const { code, report } = await audit('--since', `${window}ms`)
      assert.deepEqual([code, report.conclusion], [1, 'not-encrypted'])
      const [violation] = report.violations
      assert.deepEqual(
        [violation?.source.pod, violation?.reason, violation?.toldBy],
        ['a', 'clear-from-wire', ['n2']],
      )
      assert.match(report.because.join(), /n1 did not answer: its agent hangs/)
    })
    const { report } = await audit('--since', '30s')
    const told = report.violations.find(({ source }) => source.pod === 'a')?.toldBy
    assert.deepEqual(told, ['n1', 'n2'], 'what its datapath saw meanwhile the agent tells later')
    assert.match((await wireproof(['status', '--lab', name])).stdout, /^✗ n1, n2: STRICT IS OFF/m)
    await lab.configure(on)
  })

  test('and not where the same is stopped: in strict mode what cannot be encrypted is held back', async () => {
    await forget()
    await withoutPolicies('n1', async () => assert.equal(await ping('b', 'a', 3), 0))
    const { code, report } = await audit('--since', `${window}ms`)
    assert.deepEqual([code, report.conclusion, report.flows.clear], [0, 'encrypted', 0])
    assert.deepEqual(
      report.heldBack.map((flow) => [flow.source.pod, flow.verdict, flow.reason]),
      [['a', 'dropped', 'clear-on-wire']],
    )
    const { code: health, stdout } = await wireproof(['status', '--lab', name])
    assert.equal(health, 0)
    assert.match(
      stdout,
      /^! n1: dropped 3 \(clear-on-wire\): protected packets were about to leave in clear/m,
    )
  })

  test('with an agent that is not there, and one that began within the window', async () => {
    await lab.killAgent('n2')
    assert.equal(await ping('a', 'b', 3), 3)
    const absent = await audit('--since', '1s')
    assert.deepEqual([absent.code, absent.report.nodes[1]?.answered], [5, false])
    const status = await wireproof(['status', 'n2', '--lab', name])
    assert.equal(status.code, 1)
    assert.match(status.stdout, /^node n2: no answer$/m)
    await lab.startAgent('n2')
    await lab.settled()
    assert.equal(await ping('a', 'b', 3), 3)
    const fresh = await audit('--since', `${window}ms`)
    assert.deepEqual([fresh.code, fresh.report.conclusion], [5, 'inconclusive'])
    assert.match(fresh.report.because.join(), /n2’s agent began within the window/)
  })
})

test('a monitor that follows goes on when an agent is replaced, and says so', async () => {
  const seen: Flow[] = []
  let child: ChildProcess | undefined
  const outcome = wireproof(['monitor', '--lab', name, '--json', '--pod', 'b'], {
    onStart(started) {
      child = started
      createInterface({ input: started.stdout! }).on('line', (line) => seen.push(JSON.parse(line)))
    },
  })
  const hears = async (node: string) => {
    for (let round = 0; round < 30 && !seen.some((flow) => flow.node === node); round++)
      await ping('a', 'b', 2)
    assert.ok(
      seen.some((flow) => flow.node === node),
      `nothing of ${node}`,
    )
  }
  await hears('n2')
  await lab.killAgent('n2')
  await lab.startAgent('n2')
  await lab.settled()
  seen.length = 0
  await hears('n2')
  child!.kill('SIGINT')
  const { code, stderr } = await outcome
  assert.equal(code, 0)
  assert.match(stderr, /^n2: the agent /)
})

test('probes fail when they must, with the reason, and succeed again', async () => {
  assert.deepEqual(await ask('n1', '/healthz'), [200, '[+] event loop\n[+] netlink\n'])
  assert.deepEqual(await ask('n1', '/readyz'), [200, '[+] datapath\n[+] last pass\n[+] settled\n'])

  const bothOff = /\[-\] datapath: the ingress program is not on the wire; the egress program/
  // The pass that puts them back may come before the answer, or between the two: they are taken off again and again.
  const vandal = lab.spawn('n1', ['sh', '-c', 'while :; do tc qdisc del dev eth0 clsact 2>/dev/null; done'])
  let unguarded: Awaited<ReturnType<typeof ask>> = [undefined, '']
  for (const deadline = Date.now() + 20_000; !bothOff.test(unguarded[1]) && Date.now() < deadline; )
    unguarded = await ask('n1', '/readyz')
  vandal.kill('SIGKILL')
  await vandal.exit
  await lab.settled()
  assert.equal(unguarded[0], 503)
  assert.match(unguarded[1], bothOff)

  await lab.pauseAgent('n1')
  await assert.rejects(ask('n1', '/healthz', 500), { message: 'no answer' })
  await lab.resumeAgent('n1')

  const store = clusterDirectory(name)
  await rename(store, `${store}.away`)
  let cutOff: Awaited<ReturnType<typeof ask>> = [undefined, '']
  for (let attempt = 0; attempt < 50 && cutOff[0] !== 503; attempt++) {
    await delay(100)
    cutOff = await ask('n1', '/readyz')
  }
  assert.match(cutOff[1], /\[-\] last pass: the cluster store .* is out of reach/)
  assert.equal((await ask('n1', '/healthz'))[0], 200, 'another process would not mend it')
  await rename(`${store}.away`, store)
  await lab.settled()
  assert.equal((await ask('n1', '/readyz'))[0], 200)
})

test('events that the kernel had no room for are told of wherever somebody could miss them', async () => {
  await forget()
  await lab.pauseAgent('n1')
  const address = (await lab.pods()).find((pod) => pod.name === 'b')!.addresses[0]!
  // More flows than the ring holds events: each port is one.
  const send = `const socket = require('dgram').createSocket('udp4')
    let port = 1000, open = 0
    const more = () => { while (open < 64 && port < 65000) { open++; socket.send('x', port++, '${address}', () => { open--; more() }) }
      if (port === 65000 && open === 0) socket.close() }
    more()`
  assert.equal(await lab.spawn('a', [process.execPath, '-e', send]).exit, 0)
  await lab.resumeAgent('n1')
  await lab.settled()
  // So many flows are more than a node's history keeps as well, which is told of by itself.
  const losses = (await told('--since', '60s')).filter(
    (each): each is FlowLoss => 'lost' in each && each.where === 'ring',
  )
  assert.deepEqual(
    losses.map(({ node }) => node),
    ['n1'],
  )
  const [{ lost }] = losses as [FlowLoss]
  assert.ok(lost > 1000, `${lost}`)
  assert.equal((await lab.status('n1')).events.lost, lost)
  assert.match(
    (await ask('n1', '/metrics'))[1],
    new RegExp(`^wireproof_flow_events_lost_total{.*ring.*} ${lost}$`, 'm'),
  )
  assert.match(
    (await wireproof(['monitor', '--lab', name, '--no-follow', '--since', '60s'])).stdout,
    new RegExp(`n1 {2}${lost} events are missing here: its kernel’s ring buffer was full`),
  )
  const { code, report } = await audit('--since', '60s')
  assert.equal(report.nodes[0]?.eventsLost, lost)
  assert.notEqual(code, 0)
})

test('metrics over TCP are there where they are asked for, and tell of the peers', async (context) => {
  const cluster = new AgentCluster('metrics')
  context.after(() => cluster.close())
  for (const id of [1, 2]) cluster.addNode(id)
  await cluster.startAgent(1, ['--metrics', '9465'])
  await cluster.startAgent(2)
  for (const id of [1, 2]) await cluster.addPod(id)
  await cluster.settled(1, 2)
  await cluster.ping(1, 2, 5)
  const fetchFrom = (node: string) => {
    const script = `fetch('http://127.0.0.1:9465/metrics').then(async (answer) => console.log(await answer.text()))`
    return cluster.run(node, [process.execPath, '-e', script])
  }
  const { stdout } = fetchFrom('n1')
  assert.match(stdout, /^wireproof_strict\{node="n1"\} 1$/m)
  assert.match(stdout, /^wireproof_peer_packets_total\{peer="n2",direction="out",node="n1"\} 5$/m)
  assert.match(stdout, /^wireproof_security_associations\{direction="in",state="current",node="n1"\} 1$/m)
  assert.notEqual(fetchFrom('n2').status, 0, 'nobody listens where nobody asked for it')
  assert.equal(readFileSync(cluster.logFile(1), 'utf8').includes('"error"'), false)
})
