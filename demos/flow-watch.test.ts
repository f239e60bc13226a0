import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as soon } from 'node:timers/promises'
import type { Flow } from '../agent/api.ts'
import { watchFlows } from './flow-watch.ts'

const flow: Flow = {
  time: '1',
  node: 'n1',
  hook: 'to-wire',
  protocol: 'udp',
  source: '10.0.1.2',
  destination: '10.0.2.2',
  verdict: 'dropped',
  reason: 'clear-on-wire',
  encrypted: false,
  packets: 1,
  bytes: 92,
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

test('flows are collected until the watch ends', async () => {
  let ended = false
  const watch = watchFlows(
    {
      flows: async function* (_node, signal) {
        yield flow
        yield flow
        await untilAborted(signal)
        ended = true
      },
    },
    'n1',
    new AbortController().signal,
  )
  await soon()
  assert.deepEqual(await watch.end(), [flow, flow])
  assert.equal(ended, true)
})

test('a stream that breaks is reported when the watch ends, not before', async () => {
  const watch = watchFlows(
    {
      // biome-ignore lint/correctness/useYield: it breaks before its first flow.
      flows: async function* () {
        throw new Error('the agent closed the stream of flows')
      },
    },
    'n1',
    new AbortController().signal,
  )
  await soon()
  await assert.rejects(watch.end(), /closed the stream/)
})
