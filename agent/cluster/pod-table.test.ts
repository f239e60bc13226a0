import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { retainedBy } from '../retained-memory.ts'
import { PodTable } from './pod-table.ts'
import type { ClusterPod } from './state.ts'

const labelSets = Array.from({ length: 200 }, (_, at) => ({
  app: `app-${at}`,
  tier: at % 2 ? 'web' : 'data',
}))
const ipv4 = fc.ipV4()
const ipv6 = fc.integer({ min: 1, max: 0xffff }).map((number) => `fd00::${number.toString(16)}`)
const pod = fc.record(
  {
    name: fc.integer({ min: 0, max: 20 }).map((number) => `pod-${number}`),
    node: fc.constantFrom('n1', 'n2', 'n3'),
    addresses: fc.oneof(fc.tuple(ipv4), fc.tuple(ipv6), fc.tuple(ipv4, ipv6), fc.tuple(ipv6, ipv4)),
    labels: fc.constantFrom(...labelSets.slice(0, 5)),
    namespace: fc.constantFrom('default', 'shop'),
    ports: fc.constantFrom<Record<string, number>[]>({}, { http: 80 }),
  },
  { requiredKeys: ['name', 'node', 'addresses', 'labels'], noNullPrototype: true },
)

test('it answers as a Map of the same pods does, whatever comes, changes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pod, fc.boolean()), { maxLength: 100 }), (changes) => {
      const [table, map] = [new PodTable(), new Map<string, ClusterPod>()]
      for (const [pod, comes] of changes) {
        if (comes) {
          const known = table.rowOf(pod.name)
          if (known >= 0) assert.equal(table.isAt(known, pod), isSame(map.get(pod.name)!, pod))
          const row = table.put(pod.name, pod)
          assert.ok(known < 0 || row === known, 'a pod keeps its row')
          assert.ok(table.isAt(row, pod))
          map.set(pod.name, pod)
        } else assert.equal(table.delete(pod.name), map.delete(pod.name))
        assert.deepEqual(table.get(pod.name), map.get(pod.name))
      }
      assert.equal(table.size, map.size)
      assert.deepEqual(new Map(table), map)
      assert.deepEqual(new Set(table.keys()), new Set(map.keys()))
      assert.deepEqual(new Map(Array.from(table.values(), (pod) => [pod.name, pod])), map)
    }),
  )
})

function isSame(a: ClusterPod, b: ClusterPod): boolean {
  return fc.stringify(a) === fc.stringify(b)
}

test('a pod has one address of a family', () => {
  const addresses = ['10.0.1.2', '10.0.1.3']
  assert.throws(() => new PodTable().put('a', { name: 'a', node: 'n1', addresses, labels: {} }), RangeError)
})

const count = 50_000
/** Bytes; of a name of 30 letters among them. */
const most = 120

function podNumber(number: number): ClusterPod {
  const node = Math.floor(number / 20)
  return {
    name: `some-deployment-7d9c5b8f6-${`${number}`.padStart(5, '0')}`,
    node: `node-${node}`,
    addresses: [`10.${node >> 8}.${node & 255}.${(number % 20) + 2}`],
    labels: labelSets[number % labelSets.length]!,
  }
}

test('a pod takes a few dozen bytes', () => {
  const bytes = retainedBy(() => {
    const table = new PodTable()
    for (let number = 0; number < count; number++) table.put(podNumber(number).name, podNumber(number))
    return table
  })
  assert.ok(bytes / count < most, `${(bytes / count).toFixed(0)} bytes`)
})

test('control: in a Map it takes more than that', () => {
  const bytes = retainedBy(() => {
    const map = new Map<string, ClusterPod>()
    for (let number = 0; number < count; number++) map.set(podNumber(number).name, podNumber(number))
    return map
  })
  assert.ok(bytes / count > 2 * most, `${(bytes / count).toFixed(0)} bytes`)
})
