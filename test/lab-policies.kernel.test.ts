import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { standUp, takeDown } from '../lab/netns/lifecycle.ts'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'

const name = 'policies'
let lab: NetnsLab

before(async () => {
  const nodes = [{ name: 'n1' }, { name: 'n2' }]
  const pods = [
    { name: 'a', node: 'n1', labels: { app: 'a' } },
    { name: 'b', node: 'n2', labels: { app: 'b' } },
  ]
  lab = await standUp(name, { nodes, pods }, { encryptL3: true, strict: true }, () => {})
})
after(() => takeDown(name))

const denyAll =
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny-all}\nspec: {podSelector: {}}\n'

async function reaches(from: string, to: string): Promise<boolean> {
  const address = (await lab.pods()).find((pod) => pod.name === to)!.addresses[0]!
  const ping = lab.spawn(from, ['ping', '-q', '-c', '2', '-i', '0.1', '-W', '1', address])
  ping.stdout.resume()
  ping.stderr.resume()
  return (await ping.exit) === 0
}

test('policies of a lab are in force once they are set, and gone once there are none', async () => {
  assert.equal(await reaches('a', 'b'), true)
  await lab.setPolicies(denyAll)
  assert.equal(await reaches('a', 'b'), false)
  await lab.setPolicies('')
  assert.equal(await reaches('a', 'b'), true)
})

test('policies that are not understood are a problem, and change nothing', async () => {
  await lab.setPolicies(denyAll)
  await assert.rejects(lab.setPolicies(denyAll.replace('{podSelector: {}}', '[]')), {
    code: 'EPOLICY',
    message: 'policies/lab.yaml is not understood: spec must be an object',
  })
  assert.equal(await reaches('a', 'b'), false)
})
