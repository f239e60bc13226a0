import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Progress } from './events.ts'
import { ProgressParser } from './parser.ts'
import * as sample from './sample-output.ts'

/** A clock that goes on by 100 ms at every look. */
function clock(): () => number {
  let now = 0
  return () => (now += 100)
}

function eventsOf(output: string): Progress[] {
  const parser = new ProgressParser(clock())
  return output
    .split('\n')
    .map((line) => parser.parse(line))
    .filter((event) => event !== undefined)
}

/** Without what kind only says. */
const happened = (output: string) => eventsOf(output).filter(({ type }) => type !== 'output')

describe('a cluster that is made', () => {
  test('is told step by step, with times', () => {
    const steps = ['image', 'nodes', 'configuration', 'control-plane', 'cni', 'storage', 'workers', 'ready']
    const events = happened(sample.made)
    assert.deepEqual(events.slice(0, 3), [
      { type: 'creating', cluster: 'demo' },
      { type: 'step-started', step: 'image', title: 'Ensuring node image (node:1) 🖼' },
      { type: 'step-succeeded', step: 'image', title: 'Ensuring node image (node:1) 🖼', milliseconds: 100 },
    ])
    assert.deepEqual(
      events.filter((event) => event.type === 'step-started').map(({ step }) => step),
      steps,
    )
    assert.deepEqual(
      events
        .filter((event) => event.type === 'step-succeeded')
        .map(({ step, milliseconds }) => [step, milliseconds]),
      steps.map((step) => [step, 100]),
    )
    assert.deepEqual(events.at(-1), { type: 'ready' })
  })

  test('is told in a terminal too, without the spinner', () => {
    const events = happened(sample.madeInTerminal)
    assert.deepEqual(
      events.map((event) => [event.type, 'step' in event ? event.step : undefined]),
      [
        ['creating', undefined],
        ...['image', 'nodes', 'configuration', 'control-plane', 'cni', 'storage'].map((step) => [
          'step-succeeded',
          step,
        ]),
      ],
    )
    const [, image] = events
    assert.ok(image?.type === 'step-succeeded' && image.milliseconds === undefined)
    assert.ok(!eventsOf(sample.madeInTerminal).some((event) => JSON.stringify(event).includes('\\u001b')))
  })

  test('nothing that kind says is lost', () => {
    const said = eventsOf(sample.made).flatMap((event) => (event.type === 'output' ? [event.line] : []))
    assert.deepEqual(said, [
      'cgroup v1 is deprecated in Kubernetes and will not be supported in a future kind release, please upgrade to cgroup v2',
      'Set kubectl context to "kind-demo"',
      'You can now use your cluster with:',
      'kubectl cluster-info --context kind-demo --kubeconfig kubeconfig',
      'Have a nice day! 👋',
    ])
  })
})

describe('a cluster that cannot be made', () => {
  test('says at which step, and why', () => {
    const [last, deleted, failed] = happened(sample.failed).reverse()
    assert.deepEqual(failed, {
      type: 'step-failed',
      step: 'control-plane',
      title: 'Starting control-plane 🕹️',
      milliseconds: 100,
    })
    assert.deepEqual(deleted, { type: 'deleted', nodes: ['demo-control-plane'] })
    assert.ok(last?.type === 'error')
    assert.match(
      last.message,
      /^failed to create cluster: failed to init node with kubeadm: command "docker exec /,
    )
  })

  test('has not begun where one of its name is there', () => {
    assert.deepEqual(
      happened(sample.exists).map(({ type }) => type),
      ['error'],
    )
  })

  test('may have failed at its image', () => {
    const [, , failed] = happened(sample.imageMissing)
    assert.ok(failed?.type === 'step-failed' && failed.step === 'image')
  })
})

test('a cluster that is deleted', () => {
  assert.deepEqual(eventsOf(sample.deleted), [
    { type: 'deleting', cluster: 'demo' },
    { type: 'deleted', nodes: ['demo-control-plane'] },
  ])
  assert.deepEqual(eventsOf(sample.deletedNothing), [{ type: 'deleting', cluster: 'demo' }])
})

test('what this library has kind say is left out', () => {
  assert.deepEqual(
    eventsOf('using docker due to KIND_EXPERIMENTAL_PROVIDER\nenabling experimental podman provider\n\n'),
    [],
  )
})

test('waiting in vain is no failure to kind', () => {
  const output = ` • Waiting ≤ 5s for control-plane = Ready ⏳  ...\n ✗ Waiting ≤ 5s for control-plane = Ready ⏳\n • WARNING: Timed out waiting for Ready ⚠️`
  assert.deepEqual(
    eventsOf(output).map(({ type }) => type),
    ['step-started', 'step-failed', 'not-ready'],
  )
})

test('a step of a later kind is told by its title', () => {
  assert.deepEqual(eventsOf(' • Polishing nodes 🧽  ...\n ✓ Polishing nodes 🧽'), [
    { type: 'step-started', step: 'other', title: 'Polishing nodes 🧽' },
    { type: 'step-succeeded', step: 'other', title: 'Polishing nodes 🧽', milliseconds: 100 },
  ])
})

test('control: what only looks like an event is passed on', () => {
  for (const line of [
    'Creating cluster demo',
    '✓',
    '• something',
    'ERROR demo',
    'DEBUG: docker/images.go:58] Image: x present',
  ])
    assert.deepEqual(eventsOf(line), [{ type: 'output', line }])
})
