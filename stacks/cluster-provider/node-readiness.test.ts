import assert from 'node:assert/strict'
import test from 'node:test'
import { type NodeReadinessInputs, nodeReadiness, refusalOf } from './node-readiness.ts'
import type { NodeTasks } from './node-tasks.ts'
import type { Ending } from './task-ending.ts'

const inputs: NodeReadinessInputs = {
  kubeconfig: 'a kubeconfig',
  cluster: 'uid',
  image: 'registry/agent',
  suite: 'aes-gcm-128',
  wire: 'eth0',
  refuses: true,
}
const good = { kind: 'done', report: '{"wire":"eth0"}' } as const
const noEsp = { kind: 'done', report: '{"wire":"eth0","obstacle":"it has no ESP"}' } as const

function start(endings: Readonly<Record<string, Ending>>) {
  const asked: string[] = []
  const lines: string[] = []
  const tasks: NodeTasks = {
    async run(_cluster, { command }) {
      asked.push(command.join(' '))
      return new Map(Object.entries(endings))
    },
    async awaitNoAgents() {
      asked.push('no agents')
    },
  }
  const watching = {
    report: () => {},
    warn: (line: string) => lines.push(line),
    signal: new AbortController().signal,
  }
  return { kind: nodeReadiness(tasks), asked, lines, watching }
}

test('every node is looked at, and what was found is kept', async () => {
  const { kind, asked, watching } = start({ n1: good, n2: good })
  const { state } = await kind.create(inputs, watching)
  assert.deepEqual(state.nodes, [
    { node: 'n1', wire: 'eth0' },
    { node: 'n2', wire: 'eth0' },
  ])
  assert.match(asked[0]!, /survey\.ts --suite=aes-gcm-128 --address=\$\(ADDRESS\)/)
})

test('a node that cannot encrypt is named, and no agent starts anywhere', async () => {
  const { kind, watching } = start({ n1: good, n2: noEsp })
  await assert.rejects(kind.create(inputs, watching), { code: 'ENOESP', message: 'on n2: it has no ESP' })
  const { state } = await kind.create({ ...inputs, refuses: false }, watching)
  assert.equal(state.nodes[1]!.obstacle, 'it has no ESP')
})

test('another device than the agents were told of is named', () => {
  const problem = refusalOf([{ node: 'n1', wire: 'ens5' }], inputs)
  assert.match(problem?.remedy ?? '', /wireproof:wire ens5/)
  assert.equal(refusalOf([{ node: 'n1', wire: 'eth0' }], inputs), undefined)
})

test('what cannot be looked at is refused', async () => {
  const { kind, watching } = start({ n1: { kind: 'failed', why: 'cannot have the image: no such host' } })
  await assert.rejects(kind.create(inputs, watching), /n1 could not be looked at: it cannot have the image/)
})

test('nodes are given back once no agent is there, and one that was not is named', async () => {
  const { kind, asked, lines, watching } = start({ n1: good, n2: { kind: 'running' } })
  await kind.delete!({ ...inputs, nodes: [] }, watching)
  assert.deepEqual(asked, ['no agents', 'node agent/main.ts --cleanup --wire=eth0'])
  assert.deepEqual(
    lines.map((line) => /kernel of (\S+)/.exec(line)?.[1]),
    ['n2'],
  )
})

test('another suite, image or device is looked at anew, and what takes it back has the credentials of today', () => {
  const { kind } = start({})
  const state = { ...inputs, nodes: [] }
  for (const changed of [{ suite: 'aes-gcm-256' }, { image: 'other' }, { wire: 'ens5' }] as const)
    assert.deepEqual(kind.diff(state, { ...inputs, ...changed }).replaces, [])
  assert.equal(kind.diff(state, { ...inputs, wire: 'ens5' }).changed.length, 1)
  assert.deepEqual(kind.diff(state, inputs).changed, [])
  assert.deepEqual(kind.diff(state, { ...inputs, kubeconfig: 'renewed' }).changed, ['kubeconfig'])
  assert.deepEqual(kind.diff(state, { ...inputs, cluster: 'another' }).replaces, ['cluster'])
})
