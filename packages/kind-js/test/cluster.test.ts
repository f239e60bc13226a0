/** What happens to processes and to half-made clusters, with programs that only act like kind and docker. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CleanUpError,
  CommandError,
  ConfigError,
  KindError,
  NotReadyError,
  type Progress,
} from '../src/index.ts'
import { StandIn } from './stand-in.ts'

const code = (its: string) => (error: unknown) => error instanceof KindError && error.code === its

/** Waits until the stand-in hangs. */
async function hanging(standIn: StandIn): Promise<void> {
  for (let i = 0; i < 400 && standIn.read('processes') === ''; i++) await sleep(10)
  assert.ok(standIn.hasProcesses())
}

describe('a cluster', { concurrency: true }, () => {
  test('is made of its configuration, listed, found and deleted', async (t) => {
    const standIn = new StandIn(t)
    const { kind } = standIn
    const events: Progress[] = []
    const made = await kind.createCluster({
      name: 'one',
      config: { name: 'other', nodes: [{ role: 'control-plane' }, { role: 'worker' }] },
      image: 'node:1',
      kubeconfig: '/tmp/k',
      wait: 1500,
      onProgress: (progress) => events.push(progress),
    })
    assert.deepEqual(made, { name: 'one', context: 'kind-one' })
    assert.ok(
      standIn
        .calls()
        .includes(
          'kind create cluster --name one --config - --image node:1 --kubeconfig /tmp/k --wait 1500ms',
        ),
    )
    assert.match(
      standIn.read('config'),
      /^kind: Cluster\napiVersion: kind.x-k8s.io\/v1alpha4\nname: one\nnodes:\n/,
    )
    assert.deepEqual(
      events.map(({ type }) => type),
      ['creating', 'step-started', 'step-succeeded', 'step-started', 'step-succeeded'],
    )
    assert.deepEqual([await kind.clusters(), await kind.clusterExists('one')], [['one'], true])
    assert.deepEqual(await kind.nodes('one'), [
      {
        name: 'one-control-plane',
        id: 'id-of-one-control-plane',
        role: 'control-plane',
        state: 'running',
        image: 'node:1',
        addresses: ['172.18.0.2', 'fc00::2'],
        pid: 0,
      },
      {
        name: 'one-worker',
        id: 'id-of-one-worker',
        role: 'worker',
        state: 'running',
        image: 'node:1',
        addresses: ['172.18.0.2', 'fc00::2'],
        pid: 0,
      },
    ])
    assert.equal(await kind.kubeconfig('one', { internal: true }), 'server: https://one-control-plane:6443\n')
    assert.equal(await kind.kubeconfig('one'), 'server: https://\n')
    assert.deepEqual([await kind.deleteCluster('one'), await kind.deleteCluster('one')], [true, false])
    assert.deepEqual([await kind.clusters(), await kind.clusterExists('one')], [[], false])
  })

  test('is stopped and started, in the order in which its parts need one another', async (t) => {
    const standIn = new StandIn(t)
    const { kind } = standIn
    await kind.createCluster({ name: 'one' })
    const states = async () => (await kind.nodes('one')).map(({ state }) => state)
    const orders = () => standIn.calls().filter((call) => /^docker st(op|art) /.test(call))
    await kind.stopNodes('one', { grace: 5 })
    assert.deepEqual(await states(), ['exited', 'exited'])
    await kind.stopNodes('one')
    assert.deepEqual(orders(), ['docker stop --time 5 one-worker', 'docker stop --time 5 one-control-plane'])
    standIn.write('slow', '')
    await kind.startNodes('one')
    assert.deepEqual(await states(), ['running', 'running'])
    assert.deepEqual(orders().slice(2), ['docker start one-control-plane', 'docker start one-worker'])
  })

  test('that is started and runs no containers in its time is an error that says why', async (t) => {
    const standIn = new StandIn(t)
    await standIn.kind.createCluster({ name: 'one' })
    for (const file of ['slow', 'never']) standIn.write(file, '')
    const isNotReady = (error: unknown) =>
      error instanceof NotReadyError && error.waitingFor[0]?.why === 'cannot dial containerd'
    await assert.rejects(standIn.kind.startNodes('one', { timeout: 10 }), isNotReady)
  })

  test('that is wrong is not begun', async (t) => {
    const standIn = new StandIn(t)
    await assert.rejects(
      standIn.kind.createCluster({ config: { nodes: [{ role: 'master' as never }] } }),
      (error) => {
        return error instanceof ConfigError && error.problems[0]?.path === 'nodes[0].role'
      },
    )
    for (const name of ['../x', '--all', 'A', ''])
      if (name !== '--all') await assert.rejects(standIn.kind.deleteCluster(name), code('ECONFIG'))
    assert.deepEqual(standIn.calls(), [])
  })

  test('of a name that is taken is left alone', async (t) => {
    const standIn = new StandIn(t)
    await standIn.kind.createCluster({ name: 'one' })
    await assert.rejects(standIn.kind.createCluster({ name: 'one' }), code('EEXISTS'))
    assert.deepEqual(standIn.nodesOf('one').length, 2)
  })

  test('that is not there has no nodes, credentials or logs', async (t) => {
    const { kind } = new StandIn(t)
    await assert.rejects(kind.nodes('none'), code('ENOCLUSTER'))
    await assert.rejects(kind.kubeconfig('none'), code('ENOCLUSTER'))
    await assert.rejects(kind.exportLogs('none', '/tmp/none'), code('ENOCLUSTER'))
    await assert.rejects(kind.waitUntilReady('none'), code('ENOCLUSTER'))
  })
})

describe('a cluster that cannot be made', { concurrency: true }, () => {
  test('gives the last lines of what failed', async (t) => {
    const standIn = new StandIn(t, 'fail')
    await assert.rejects(standIn.kind.createCluster({ name: 'one' }), (error: unknown) => {
      assert.ok(error instanceof CommandError)
      assert.deepEqual([error.code, error.exitCode, error.argv[1]], ['ECOMMAND', 1, 'create'])
      assert.equal(error.lastLines.length, 20)
      assert.equal(error.lastLines.at(-1), 'line 30 of kubeadm')
      assert.match(error.message, /^cannot create cluster one: failed to init node with kubeadm\n/)
      assert.match(error.message, /line 30 of kubeadm$/)
      return true
    })
    assert.deepEqual(standIn.nodesOf('one'), [])
  })

  test('is removed even where kind does not', async (t) => {
    const standIn = new StandIn(t, 'fail and leave')
    const events: Progress[] = []
    await assert.rejects(
      standIn.kind.createCluster({
        name: 'one',
        kubeconfig: '/tmp/k',
        onProgress: (its) => events.push(its),
      }),
      code('ECOMMAND'),
    )
    assert.deepEqual(standIn.nodesOf('one'), [])
    assert.ok(events.some(({ type }) => type === 'cleaning-up'))
    assert.ok(standIn.calls().includes('kind delete cluster --name one --kubeconfig /tmp/k'))
  })

  test('is retained where that was asked for', async (t) => {
    const standIn = new StandIn(t, 'fail and leave')
    await assert.rejects(standIn.kind.createCluster({ name: 'one', retain: true }), code('ECOMMAND'))
    assert.equal(standIn.nodesOf('one').length, 2)
    assert.ok(standIn.calls().includes('kind create cluster --name one --config - --retain'))
  })

  test('and cannot be removed says both', async (t) => {
    const standIn = new StandIn(t, 'fail and leave')
    standIn.write('undeletable', '')
    await assert.rejects(standIn.kind.createCluster({ name: 'one' }), (error: unknown) => {
      assert.ok(error instanceof CleanUpError && error.code === 'ECLEANUP')
      assert.deepEqual(error.nodes, ['one-control-plane', 'one-worker'])
      assert.match(
        error.message,
        /^the half-made cluster one could not be removed; left: one-control-plane, one-worker: /,
      )
      assert.ok(error.cause instanceof CommandError && error.failure instanceof CommandError)
      assert.match(error.remedy!, /kind delete cluster --name one/)
      return true
    })
  })
})

describe('a cluster that is aborted', { concurrency: true }, () => {
  for (const behaviour of ['hang', 'hang and late'] as const)
    test(`leaves no process and no node: ${behaviour}`, async (t) => {
      const standIn = new StandIn(t, behaviour)
      const abort = new AbortController()
      const making = standIn.kind.createCluster({ name: 'one', signal: abort.signal })
      await hanging(standIn)
      assert.equal(standIn.nodesOf('one').length, 2)
      const reason = new Error('changed my mind')
      abort.abort(reason)
      await assert.rejects(making, (error) => error === reason)
      assert.equal(standIn.hasProcesses(), false)
      assert.deepEqual(standIn.nodesOf('one'), [])
      await sleep(600)
      assert.deepEqual(standIn.nodesOf('one'), [])
    })

  test('control: a kind that is killed leaves its nodes', async (t) => {
    const standIn = new StandIn(t, 'hang')
    const abort = new AbortController()
    const making = standIn.kind.createCluster({ name: 'one', signal: abort.signal, retain: true })
    await hanging(standIn)
    abort.abort()
    await assert.rejects(making, { name: 'AbortError' })
    assert.deepEqual([standIn.hasProcesses(), standIn.nodesOf('one').length], [false, 2])
  })

  test('before anything was made is not looked for', async (t) => {
    const standIn = new StandIn(t, 'hang at once')
    const abort = new AbortController()
    const making = standIn.kind.createCluster({ name: 'one', signal: abort.signal })
    await hanging(standIn)
    abort.abort()
    await assert.rejects(making, { name: 'AbortError' })
    assert.equal(standIn.hasProcesses(), false)
    assert.ok(!standIn.calls().some((call) => call.startsWith('kind delete')))
  })

  test('before it is begun starts nothing', async (t) => {
    const standIn = new StandIn(t)
    await assert.rejects(standIn.kind.createCluster({ signal: AbortSignal.abort() }), { name: 'AbortError' })
    assert.deepEqual(standIn.calls(), [])
  })

  test('a listener that throws ends nothing', async (t) => {
    const standIn = new StandIn(t)
    const onProgress = () => {
      throw new Error('a mistake')
    }
    await standIn.kind.createCluster({ name: 'one', onProgress })
    assert.equal(standIn.nodesOf('one').length, 2)
  })
})

describe('waiting for nodes', { concurrency: true }, () => {
  const list = (...ready: boolean[]) =>
    JSON.stringify({
      items: ['one-control-plane', 'one-worker'].slice(0, ready.length).map((name, index) => ({
        metadata: { name },
        status: {
          conditions: [
            { type: 'MemoryPressure', status: 'False' },
            { type: 'Ready', status: ready[index] ? 'True' : 'False', message: 'cni plugin not initialized' },
          ],
        },
      })),
    })

  test('ends when all are ready', async (t) => {
    const standIn = new StandIn(t)
    await standIn.kind.createCluster({ name: 'one' })
    standIn.write('kubectl', list(true))
    const seen: unknown[] = []
    await standIn.kind.waitUntilReady('one', {
      interval: 10,
      onWaiting: (waitingFor) => {
        seen.push(waitingFor)
        standIn.write('kubectl', list(true, seen.length > 1))
      },
    })
    assert.deepEqual(seen, [
      [{ node: 'one-worker', why: 'has not joined' }],
      [{ node: 'one-worker', why: 'cni plugin not initialized' }],
    ])
  })

  test('ends in time, and says what is lacking', async (t) => {
    const standIn = new StandIn(t)
    await standIn.kind.createCluster({ name: 'one' })
    standIn.write('kubectl', list(true, false))
    await assert.rejects(
      standIn.kind.waitUntilReady('one', { interval: 10, timeout: 50 }),
      (error: unknown) => {
        assert.ok(error instanceof NotReadyError && error.code === 'ENOTREADY')
        assert.deepEqual(error.waitingFor, [{ node: 'one-worker', why: 'cni plugin not initialized' }])
        assert.match(
          error.message,
          /^cluster one was not ready after [\d.]+ s\n {2}one-worker: cni plugin not initialized$/,
        )
        return true
      },
    )
  })

  test('goes on while Kubernetes does not answer, and ends when aborted', async (t) => {
    const standIn = new StandIn(t)
    await standIn.kind.createCluster({ name: 'one' })
    const abort = new AbortController()
    const onWaiting = (waitingFor: NotReadyError['waitingFor']) => {
      assert.match(waitingFor[0]!.why, /kubectl: No such file/)
      abort.abort()
    }
    await assert.rejects(standIn.kind.waitUntilReady('one', { signal: abort.signal, onWaiting }), {
      name: 'AbortError',
    })
  })
})
