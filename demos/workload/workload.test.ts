import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { startAlteringRelay } from './altering-relay.ts'
import { canaryToken, planCanaries, planStreams } from './canary.ts'
import { loopbackLab, loopbackPod } from './loopback-lab.ts'
import { startWorkload } from './traffic.ts'

const patient = { deadlineMs: 5000 }

/** A port that was free a moment ago, the same for every address of the loopback interface. */
async function freePort(): Promise<number> {
  const probe = createSocket('udp4')
  await new Promise<void>((resolve) => void probe.bind(0, '127.0.0.1', resolve))
  const { port } = probe.address()
  probe.close()
  return port
}

test('every canary between pods arrives and is acknowledged unchanged, over UDP and TCP', async () => {
  const lab = loopbackLab([loopbackPod('a1', 'n1', '127.0.0.11'), loopbackPod('b1', 'n2', '127.0.0.12')])
  const workload = await startWorkload(lab, { port: await freePort() })
  try {
    const progress: number[] = []
    const canaries = await workload.sendCanaries('control', {
      ...patient,
      onProgress: (done) => progress.push(done),
    })
    assert.deepEqual(
      canaries.map(({ id, delivered, unchanged }) => ({ id, delivered, unchanged })),
      ['a1-b1/udp', 'a1-b1/tcp', 'b1-a1/udp', 'b1-a1/tcp'].map((what) => ({
        id: `control/${what}`,
        delivered: true,
        unchanged: true,
      })),
    )
    assert.deepEqual(progress, [1, 2, 3, 4])
    assert.ok(Math.max(...canaries.map(({ bytes }) => bytes)) > 1000)
  } finally {
    await workload.stop()
  }
})

test('a payload altered on the way is delivered but not unchanged', async () => {
  const port = await freePort()
  // The lab says that b1 is at .22, where a relay stands; its program is started at .23, where the relay sends on to.
  const pods = [loopbackPod('a1', 'n1', '127.0.0.21'), loopbackPod('b1', 'n2', '127.0.0.22')]
  const lab = loopbackLab(pods)
  const behindRelay = {
    ...lab,
    spawn: (target: string, argv: readonly string[]) =>
      lab.spawn(
        target,
        argv.map((word) => (word === '127.0.0.22' ? '127.0.0.23' : word)),
      ),
  }
  const stopRelay = await startAlteringRelay('127.0.0.22', '127.0.0.23', port)
  const workload = await startWorkload(behindRelay, { port })
  try {
    const canaries = await workload.sendCanaries('control', patient)
    for (const { toPod, delivered, unchanged } of canaries) {
      assert.equal(delivered, true)
      assert.equal(unchanged, toPod === 'a1', `to ${toPod}`)
    }
  } finally {
    await workload.stop()
    stopRelay()
  }
})

test('a canary that nobody answers counts as lost after its deadline, and the others are not held up', async () => {
  const lab = loopbackLab([loopbackPod('a1', 'n1', '127.0.0.31'), loopbackPod('b1', 'n2', '127.0.0.32')])
  const port = await freePort()
  const silent = createSocket('udp4')
  await new Promise<void>((resolve) => void silent.bind(port, '127.0.0.33', resolve))
  const workload = await startWorkload(lab, { port })
  try {
    // The address book changes after the start: b1 is now looked for where something listens and never answers.
    Object.assign(workload.pods.find(({ name }) => name === 'b1')!, { addresses: ['127.0.0.33'] })
    const start = performance.now()
    const canaries = await workload.sendCanaries('sabotage', { deadlineMs: 150 })
    assert.ok(performance.now() - start < 2000)
    const lost = canaries.filter(({ delivered }) => !delivered)
    assert.deepEqual(
      lost.map(({ id, unchanged }) => ({ id, unchanged })),
      [
        { id: 'sabotage/a1-b1/udp', unchanged: false },
        { id: 'sabotage/a1-b1/tcp', unchanged: false },
      ],
    )
  } finally {
    await workload.stop()
    silent.close()
  }
})

test('background traffic counts what it sent and what was lost', async () => {
  const lab = loopbackLab([loopbackPod('a1', 'n1', '127.0.0.41'), loopbackPod('b1', 'n2', '127.0.0.42')])
  const workload = await startWorkload(lab, { port: await freePort() })
  try {
    const background = workload.startBackground(5)
    await workload.sendCanaries('meanwhile', patient)
    const { streams } = await background.end()
    assert.deepEqual(
      streams.map(({ fromPod, toPod }) => `${fromPod}-${toPod}`),
      ['a1-b1', 'b1-a1'],
    )
    for (const { report } of streams) {
      assert.ok(report.sent >= 1)
      assert.equal(report.answered, report.sent)
      assert.deepEqual({ lost: report.lost, changed: report.changed }, { lost: 0, changed: 0 })
    }
  } finally {
    await workload.stop()
  }
})

test('of a stream whose answers were altered every datagram counts as lost, and every answer as strange', async () => {
  const port = await freePort()
  const pods = [loopbackPod('a1', 'n1', '127.0.0.61'), loopbackPod('b1', 'n2', '127.0.0.62')]
  const lab = loopbackLab(pods)
  const behindRelay = {
    ...lab,
    spawn: (target: string, argv: readonly string[]) =>
      lab.spawn(
        target,
        argv.map((word) => (word === '127.0.0.62' ? '127.0.0.63' : word)),
      ),
  }
  const stopRelay = await startAlteringRelay('127.0.0.62', '127.0.0.63', port)
  const workload = await startWorkload(behindRelay, { port })
  try {
    const background = workload.startBackground(20)
    await workload.sendCanaries('meanwhile', patient)
    for (const { toPod, report } of (await background.end()).streams) {
      const { sent, answered, lost, changed, longestGapMs } = report
      assert.deepEqual([answered, lost, changed], toPod === 'a1' ? [sent, 0, 0] : [0, sent, sent])
      assert.equal(longestGapMs > 0, toPod === 'b1')
    }
  } finally {
    await workload.stop()
    stopRelay()
  }
})

test('a session sends its messages in one connection, and each is answered', async () => {
  const lab = loopbackLab([loopbackPod('a1', 'n1', '127.0.0.71'), loopbackPod('b1', 'n2', '127.0.0.72')])
  const workload = await startWorkload(lab, { port: await freePort() })
  try {
    const background = workload.startBackground(5, { sessions: true })
    await workload.sendCanaries('meanwhile', patient)
    const { sessions } = await background.end()
    assert.deepEqual(
      sessions.map(({ fromPod, toPod }) => `${fromPod}-${toPod}`),
      ['a1-b1', 'b1-a1'],
    )
    for (const { report } of sessions) {
      assert.ok(report.sent >= 1 && report.port > 0)
      assert.deepEqual([report.answered, report.lost, report.changed], [report.sent, 0, 0])
    }
  } finally {
    await workload.stop()
  }
})

test('streams go between all nodes, and every pod has its turn', () => {
  const pods = ['a1@n1', 'a2@n1', 'b1@n2', 'b2@n2', 'c1@n3'].map((spec) => {
    const [name, node] = spec.split('@') as [string, string]
    return loopbackPod(name, node, '127.0.0.1')
  })
  const streams = planStreams(pods)
  const nodes = streams.map(({ from, to }) => `${from.node}-${to.node}`)
  assert.deepEqual(nodes, ['n1-n2', 'n1-n3', 'n2-n1', 'n2-n3', 'n3-n1', 'n3-n2'])
  assert.deepEqual(new Set(streams.flatMap(({ from, to }) => [from.name, to.name])).size, pods.length)
  const many = Array.from({ length: 100 }, (_, id) => loopbackPod(`p${id}`, `n${id}`, '127.0.0.1'))
  const sampled = planStreams(many)
  assert.ok(sampled.length <= 100)
  assert.equal(new Set(sampled.map(({ from }) => from.node)).size, 100)
})

test('a program that cannot listen is reported with the pod and the cause', async () => {
  const port = await freePort()
  const taken = createSocket('udp4')
  await new Promise<void>((resolve) => void taken.bind(port, '127.0.0.51', resolve))
  const lab = loopbackLab([loopbackPod('a1', 'n1', '127.0.0.51')])
  await assert.rejects(startWorkload(lab, { port }), {
    code: 'EWORKLOAD',
    message: /pod a1 ended with code 1: .*EADDRINUSE/,
  })
  taken.close()
})

test('tokens are fresh, unguessable in length and long enough to be no accident', () => {
  const tokens = Array.from({ length: 100 }, () => canaryToken())
  assert.equal(new Set(tokens).size, 100)
  for (const token of tokens) assert.match(token, /^WP-CANARY-[A-Z2-7]{26}$/)
  assert.equal(
    canaryToken(() => new Uint8Array(16).fill(0xff)),
    'WP-CANARY-77777777777777777777777774',
  )
})

test('every ordered pair of pods on different nodes is tried, and one pair on the same node', () => {
  const pods = ['a1@n1', 'a2@n1', 'b1@n2', 'c1@n3'].map((spec) => {
    const [name, node] = spec.split('@') as [string, string]
    return loopbackPod(name, node, '127.0.0.1')
  })
  const pairs = new Set(planCanaries('x', pods).map(({ from, to }) => `${from.name}-${to.name}`))
  assert.equal(pairs.size, 11)
  assert.ok(pairs.has('a1-a2'))
  assert.ok(!pairs.has('a2-a1'))
})

test('what goes between a node itself and its own pods is not tried, as no instrument shows it', () => {
  const pods = ['a1@n1', 'b1@n2', 'n1@n1', 'n2@n2'].map((spec) => {
    const [name, node] = spec.split('@') as [string, string]
    return loopbackPod(name, node, '127.0.0.1')
  })
  const onOneNode = planCanaries('x', pods).filter(({ from, to }) => from.node === to.node)
  assert.deepEqual(onOneNode, [])
})

test('in a large lab the pairs are sampled so that every pod sends', () => {
  const pods = Array.from({ length: 60 }, (_, index) =>
    loopbackPod(`p${index}`, `n${index % 20}`, '127.0.0.1'),
  )
  const plans = planCanaries('x', pods)
  assert.equal(plans.length, 2 * 201)
  assert.equal(new Set(plans.map(({ from }) => from.name)).size, 60)
  assert.equal(new Set(plans.map(({ id }) => id)).size, plans.length)
})
