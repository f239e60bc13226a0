import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressMap, type Map as KernelMap, roomFor } from './address-map.ts'
import { writeHostKey, writeIpcacheKey, writeIpcacheValue } from './datapath-layout.ts'

/** Entries by their key in hex, as many as there is room for. */
class FakeMap implements KernelMap {
  readonly entries = new Map<string, string>()
  readonly #room: number

  constructor(room = Number.POSITIVE_INFINITY) {
    this.#room = room
  }

  set(key: Buffer, value: Buffer): void {
    const name = key.toString('hex')
    if (!this.entries.has(name) && this.entries.size >= this.#room)
      throw Object.assign(new Error('full'), { code: 'E2BIG' })
    this.entries.set(name, value.toString('hex'))
  }

  setMany(keys: readonly Buffer[], values: readonly Buffer[]): void {
    for (const [at, key] of keys.entries()) this.set(key, values[at]!)
  }

  delete(key: Buffer): boolean {
    return this.entries.delete(key.toString('hex'))
  }
}

const entry = (node: number) => ({ identity: 0, node, isProtected: true })
const value = (node: number) => writeIpcacheValue(entry(node)).toString('hex')
const host = (prefix: string) => writeHostKey(prefix).toString('hex')
const prefix = (text: string) => writeIpcacheKey(text).toString('hex')

function addressMap(room?: number) {
  const [hosts, prefixes] = [new FakeMap(room), new FakeMap()]
  return { hosts: hosts.entries, prefixes: prefixes.entries, map: new AddressMap(hosts, prefixes) }
}

test('single addresses of both families are in the hash, everything else in the trie', () => {
  const { hosts, prefixes, map } = addressMap()
  map.set([
    ['10.0.1.0/24', entry(1)],
    ['10.0.1.2/32', entry(2)],
    ['fd00::/64', entry(3)],
    ['fd00::2/128', entry(4)],
    ['fd00::/32', entry(5)],
  ])
  assert.deepEqual(
    [...hosts],
    [
      [host('10.0.1.2/32'), value(2)],
      [host('fd00::2/128'), value(4)],
    ],
  )
  assert.deepEqual([...prefixes.values()], [value(1), value(3), value(5)])
})

test('more than are written at once are all written', () => {
  const { hosts, map } = addressMap()
  const many = Array.from({ length: 2500 }, (_, at) => `10.0.${at >> 8}.${at & 255}/32`)
  map.set(many.map((each) => [each, entry(2)] as const))
  assert.equal(hosts.size, 2500)
})

test('an address that the hash has no room for is in the trie until it goes, and never in both', () => {
  const { hosts, prefixes, map } = addressMap(1)
  map.set([
    ['10.0.1.2/32', entry(2)],
    ['10.0.1.3/32', entry(3)],
  ])
  assert.deepEqual([...hosts.keys()], [host('10.0.1.2/32')])
  assert.deepEqual([...prefixes], [[prefix('10.0.1.3/32'), value(3)]])

  // There is room again: what is in the trie is changed there, or the hash would hide what changes later.
  map.delete(['10.0.1.2/32'])
  map.set([['10.0.1.3/32', entry(4)]])
  assert.deepEqual([...hosts], [])
  assert.deepEqual([...prefixes.values()], [value(4)])

  map.delete(['10.0.1.3/32'])
  assert.equal(prefixes.size, 0)
  map.set([['10.0.1.3/32', entry(5)]])
  assert.deepEqual([...hosts.keys()], [host('10.0.1.3/32')])
})

test('what else the kernel refuses is not mistaken for a hash that is full', () => {
  const refusing = new FakeMap()
  refusing.setMany = () => {
    throw Object.assign(new Error('refused'), { code: 'EPERM' })
  }
  const map = new AddressMap(refusing, new FakeMap())
  assert.throws(() => map.set([['10.0.1.2/32', entry(2)]]), { code: 'EPERM' })
})

test('the hash has room for half as many pods again, and for a lab without asking', () => {
  assert.equal(roomFor(0), 4096)
  assert.equal(roomFor(2730), 4096)
  assert.equal(roomFor(100_000), 150_000)
})
