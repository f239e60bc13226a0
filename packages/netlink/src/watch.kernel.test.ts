import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inNetworkNamespace } from '@wireproof/ffi'
import { openRoute } from './route/route.ts'
import { testNamespace } from './test-namespace.ts'
import { watch } from './watch.ts'
import { openXfrm } from './xfrm/xfrm.ts'

const never = (error: Error) => assert.fail(error)

test('a change of links wakes the watch of links, and no change does not', async (context) => {
  const { path } = testNamespace(context)
  let changes = 0
  using _ = inNetworkNamespace(path, () => watch('links', () => changes++, never))
  await sleep(100)
  assert.equal(changes, 0)
  using route = inNetworkNamespace(path, openRoute)
  route.addBridge({ name: 'br0' })
  await until(() => changes > 0)
})

test('a change of policies wakes the watch of XFRM; closing ends it', async (context) => {
  const { path } = testNamespace(context)
  let changes = 0
  const watching = inNetworkNamespace(path, () => watch('xfrm', () => changes++, never))
  using xfrm = inNetworkNamespace(path, openXfrm)
  const policy = { direction: 'out', source: '10.0.0.0/8', destination: '10.0.0.0/8', priority: 1 } as const
  xfrm.addPolicies([policy])
  await until(() => changes > 0)
  watching.close()
  watching.close()
  const before = changes
  xfrm.deletePolicies([policy])
  await sleep(100)
  assert.equal(changes, before)
})

test('more notifications than the socket holds still say that something changed, and do not end the watch', async (context) => {
  const { path } = testNamespace(context)
  let changes = 0
  using _ = inNetworkNamespace(path, () => watch('xfrm', () => changes++, never))
  using xfrm = inNetworkNamespace(path, openXfrm)
  const policies = Array.from({ length: 40_000 }, (_, number) => ({
    direction: 'out' as const,
    source: '10.0.0.0/24',
    destination: `10.${number >> 8}.${number & 255}.0/24`,
    priority: 1,
  }))
  xfrm.setHashThresholds({ ipv4: [24, 24] })
  xfrm.addPolicies(policies)
  await until(() => changes > 0)
  await sleep(100)
  const before = changes
  xfrm.deletePolicies(policies.slice(0, 1))
  await until(() => changes > before)
})

test('what a handler throws is reported, and the watch goes on', async (context) => {
  const { path } = testNamespace(context)
  const errors: Error[] = []
  using _ = inNetworkNamespace(path, () =>
    watch(
      'links',
      () => {
        throw new Error('handler')
      },
      (error) => errors.push(error),
    ),
  )
  using route = inNetworkNamespace(path, openRoute)
  route.addBridge({ name: 'br0' })
  await until(() => errors.length > 0)
  const before = errors.length
  route.deleteLink('br0')
  await until(() => errors.length > before)
  assert.equal(errors[0]?.message, 'handler')
})

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !condition(); await sleep(5))
    if (Date.now() > end) assert.fail('nothing happened within five seconds')
}
