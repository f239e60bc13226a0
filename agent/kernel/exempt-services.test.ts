import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exemption } from '../scope/encryption-policy.ts'
import { ExemptServices } from './exempt-services.ts'

const api: Exemption = { protocol: 'TCP', port: 6443 }
const dns: Exemption = { protocol: 'UDP', port: 53 }

function exempting() {
  const done: string[] = []
  const named = (key: Buffer) => `${key.readUInt16LE(2)}:${key.readUInt16LE(0)}`
  const services = new ExemptServices(
    {
      set: (key) => void done.push(`add ${named(key)}`),
      delete: (key) => void done.push(`delete ${named(key)}`),
    },
    () => void done.push('prepare'),
  )
  /** @returns what is done to the kernel. */
  return (...wanted: Exemption[]) => {
    services.replace(wanted)
    return done.splice(0)
  }
}

test('only what differs is written, and the kernel is prepared before anything is exempt', () => {
  const replace = exempting()
  assert.deepEqual(replace(), [])
  assert.deepEqual(replace(api), ['prepare', 'add 6:6443'])
  assert.deepEqual(replace(api, api), [])
  assert.deepEqual(replace(dns), ['add 17:53', 'delete 6:6443'])
  assert.deepEqual(replace(), ['delete 17:53'])
})
