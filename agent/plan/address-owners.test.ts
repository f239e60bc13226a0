import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PodTable } from '../cluster/pod-table.ts'
import { AddressOwners } from './address-owners.ts'

const number = fc.integer({ min: 1, max: 4 })
const ipv4 = number.map((each) => `10.0.0.${each}`)
const ipv6 = number.map((each) => `fd00::${each}`)
const change = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  addresses: fc.oneof<fc.Arbitrary<readonly string[]>[]>(
    fc.tuple(ipv4),
    fc.tuple(ipv6),
    fc.tuple(ipv4, ipv6),
    fc.tuple(ipv6, ipv4),
  ),
  comes: fc.boolean(),
})

test('an address is the first pod’s that took it until that one gives it up, and a pod has all of its own or none', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const pods = new PodTable()
      const owners = new AddressOwners(pods)
      const expected = new Map<string, string>()
      for (const { name, addresses, comes } of changes) {
        const known = pods.rowOf(name)
        if (known >= 0) {
          assert.equal(owners.delete(known), [...expected.values()].includes(name))
          for (const [address, owner] of [...expected]) if (owner === name) expected.delete(address)
          pods.delete(name)
        }
        if (comes) {
          const row = pods.put(name, { name, node: 'n1', addresses, labels: {} })
          const taken = addresses.find((address) => expected.has(address))
          const other = owners.take(row)
          assert.deepEqual(
            other && [other.address, pods.nameAt(other.row)],
            taken && [taken, expected.get(taken)],
          )
          if (!taken) for (const address of addresses) expected.set(address, name)
          assert.deepEqual(owners.take(row), other, 'to take them again changes nothing')
          assert.equal(owners.has(row), !taken)
        }
        for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', 'fd00::1', 'fd00::3'])
          assert.equal(owners.rowAt(address), pods.rowOf(expected.get(address) ?? '?'))
      }
    }),
  )
})
