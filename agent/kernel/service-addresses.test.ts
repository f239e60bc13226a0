import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../scope/encryption-policy.ts'
import { writeHostKey, writeServiceValue } from './datapath-layout.ts'
import { ServiceAddresses } from './service-addresses.ts'

const service = (name: string, addresses: readonly string[], selector = { app: name }): Service => ({
  name,
  namespace: 'default',
  selector,
  addresses,
})

function addresses() {
  const map = new Map<string, string>()
  let writes = 0
  const services = new ServiceAddresses({
    set: (key, value) => {
      writes++
      map.set(key.toString('hex'), value.toString('hex'))
    },
    delete: (key) => {
      writes++
      return map.delete(key.toString('hex'))
    },
  })
  return { services, map, writes: () => writes }
}

const entry = (address: string, isOfPods: boolean) => [
  writeHostKey(address).toString('hex'),
  writeServiceValue({ isOfPods }).toString('hex'),
]

test('services come with all their addresses, and go; one with a selector has pods behind it', () => {
  const { services, map } = addresses()
  const api = { ...service('api', ['10.96.0.1']), selector: {} }
  services.replace([
    service('web', ['10.96.0.7', 'fd00:96::7']),
    api,
    { ...api, name: 'headless', addresses: [] },
  ])
  assert.deepEqual(
    [...map].sort(),
    [entry('10.96.0.7', true), entry('fd00:96::7', true), entry('10.96.0.1', false)].sort(),
  )
  services.replace([{ ...api, selector: { app: 'api' } }])
  assert.deepEqual([...map], [entry('10.96.0.1', true)])
})

test('what has not changed is not written again', () => {
  const { services, writes } = addresses()
  const web = service('web', ['10.96.0.7'])
  services.replace([web])
  services.replace([web])
  services.replace([{ ...web }])
  assert.equal(writes(), 1)
})
