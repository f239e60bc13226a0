import assert from 'node:assert/strict'
import test from 'node:test'
import { endingOf, type TaskPod } from './task-ending.ts'

type State = NonNullable<NonNullable<TaskPod['status']>['containerStatuses']>[number]['state']
const podIn = (state: State): TaskPod => ({
  status: { phase: 'Pending', containerStatuses: [{ ...(state && { state }) }] },
})

test('a task that ended well has its report', () => {
  assert.deepEqual(endingOf(podIn({ terminated: { exitCode: 0, message: '{}' } })), {
    kind: 'done',
    report: '{}',
  })
})

test('one that is being started is waited for', () => {
  for (const pod of [{}, podIn({ waiting: { reason: 'ContainerCreating' } }), podIn({})])
    assert.equal(endingOf(pod).kind, 'running')
})

test('one that will not get better by waiting is not waited for', () => {
  const why = (pod: TaskPod) => (endingOf(pod) as { why?: string }).why
  assert.match(why(podIn({ terminated: { exitCode: 4, message: 'broke\n' } }))!, /^ended with 4: broke$/)
  assert.match(
    why(podIn({ waiting: { reason: 'ImagePullBackOff', message: 'no such host' } }))!,
    /the image: no such host/,
  )
  assert.match(
    why(podIn({ waiting: { reason: 'CreateContainerError', message: 'unable to apply caps' } }))!,
    /cannot start it: unable to apply caps/,
  )
  assert.match(why({ status: { phase: 'Failed', message: 'node is full' } })!, /node is full/)
})
