import assert from 'node:assert/strict'
import test from 'node:test'
import { readEvent } from './engine-events.ts'

const urn = 'urn:pulumi:demo::wireproof::wireproof-lab:index:Lab::demo'

test('a line on a resource is progress', () => {
  const line = JSON.stringify({ diagnosticEvent: { urn, message: 'starting agents\n', severity: 'info' } })
  assert.deepEqual(readEvent(line), { kind: 'progress', text: 'starting agents' })
})

test('the lab is named when something is about to happen to it', () => {
  const metadata = { op: 'create', urn, type: 'wireproof-lab:index:Lab' }
  assert.deepEqual(readEvent(JSON.stringify({ resourcePreEvent: { metadata } })), {
    kind: 'progress',
    text: 'creating lab demo',
  })
})

test('an error is kept, without the line that only says that there was one', () => {
  const event = (message: string) => JSON.stringify({ diagnosticEvent: { message, severity: 'error' } })
  assert.deepEqual(readEvent(event('the tun device is busy\n')), {
    kind: 'error',
    text: 'the tun device is busy',
  })
  assert.equal(readEvent(event('update failed')), undefined)
})

test('what Pulumi does for itself is not shown', () => {
  for (const line of [
    '',
    'warning: something',
    JSON.stringify({ preludeEvent: {} }),
    JSON.stringify({ diagnosticEvent: { message: 'Registering resource', severity: 'debug' } }),
    JSON.stringify({ resourcePreEvent: { metadata: { op: 'create', urn, type: 'pulumi:pulumi:Stack' } } }),
  ])
    assert.equal(readEvent(line), undefined, line)
})
