import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AgentStatus } from '../agent/api.ts'
import type { LabNode } from '../lab/lab.ts'
import { assertProvable } from './provable.ts'

const labOf = (...obstacles: (string | undefined)[]) => ({
  nodes: async () => obstacles.map((_, at) => ({ name: `n${at + 1}` }) as LabNode),
  status: async (node: string) => {
    const obstacle = obstacles[Number(node.slice(1)) - 1]
    return { ...(obstacle !== undefined && { obstacle }) } as AgentStatus
  },
})

test('nodes that encrypt can be judged', () => assertProvable(labOf(undefined, undefined)))

test('one node puts nothing on a wire', () =>
  assert.rejects(assertProvable(labOf(undefined)), { exitCode: 5, message: /^INCONCLUSIVE: .*one node/ }))

test('a node that cannot encrypt is named, with the reason', () =>
  assert.rejects(assertProvable(labOf(undefined, 'no ESP here')), {
    exitCode: 3,
    message: /^INCONCLUSIVE: node n2 .*no ESP here/,
  }))
