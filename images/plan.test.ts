import assert from 'node:assert/strict'
import test from 'node:test'
import { versions } from './node/programs.ts'
import { officialNodeImage, planOf } from './plan.ts'

test('without a registry everything is built, with one the node image comes from there', () => {
  assert.deepEqual(planOf({ kinds: [], offline: false }, false).build, ['agent', 'workload', 'node'])
  const { build, notes } = planOf({ kinds: [], offline: false }, true)
  assert.deepEqual(build, ['agent', 'workload'])
  assert.match(notes.join(), /--offline/)
})

test('--offline builds the node image whatever is in reach', () => {
  assert.deepEqual(planOf({ kinds: ['node'], offline: true }, true).build, ['node'])
})

test('what is named is built, once, in the order of the help', () => {
  assert.deepEqual(planOf({ kinds: ['workload', 'agent', 'agent'], offline: false }, true), {
    build: ['agent', 'workload'],
    notes: [],
  })
})

test('what is no image is refused with what is', () => {
  assert.throws(() => planOf({ kinds: ['agnet'], offline: false }, true), {
    exitCode: 2,
    message: 'no image is called agnet',
    remedy: 'Allowed: agent, workload, node.',
  })
})

test('the official node image has the Kubernetes that is built here', () => {
  assert.equal(officialNodeImage, `kindest/node:v${versions.kubernetes}`)
})
