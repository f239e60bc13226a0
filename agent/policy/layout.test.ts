import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  directions,
  peers,
  readSessionCounts,
  writeCidrKey,
  writePodPolicy,
  writePolicyKey,
} from './layout.ts'

const read = (name: string) => readFileSync(new URL(`../../bpf/include/${name}.h`, import.meta.url), 'utf8')

function enumOf(header: string, name: string): string[] {
  const members = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)![1]!.split(',')
  const prefix = `${name.toUpperCase()}_`
  return members.flatMap((member) =>
    member.trim().startsWith(prefix) ? member.trim().slice(prefix.length).toLowerCase() : [],
  )
}

test('directions and peers are those of the headers, in their order', () => {
  assert.deepEqual(directions, enumOf(read('conntrack'), 'direction'))
  assert.deepEqual(peers, enumOf(read('policy'), 'peer'))
})

test('a key is as long as what it says is exact', () => {
  const web = { direction: 'egress', peer: 'cidr', remote: 2, protocol: 6 } as const
  const key = (allowance: Parameters<typeof writePolicyKey>[1]) =>
    writePolicyKey(1, allowance).toString('hex')
  assert.equal(key({ ...web, ports: { port: 0x1234, length: 16 } }), '60000000010000000200000005061234')
  assert.equal(key({ ...web, ports: { port: 0x1230, length: 12 } }), '5c000000010000000200000005061230')
  assert.equal(key(web), '50000000010000000200000005060000')
  assert.equal(key({ direction: 'ingress', peer: 'identity', remote: 2 }), '48000000010000000200000001000000')
})

test('a prefix of IPv4 is the one of IPv6 that it maps to', () => {
  assert.equal(
    writeCidrKey(1, 'egress', '10.0.0.0/8').toString('hex'),
    'a8000000010000000100000000000000000000000000ffff0a000000',
  )
  assert.equal(writeCidrKey(1, 'ingress', 'fd00::/8').readUInt32LE(), 72)
})

test('what a pod is isolated in is a bit each', () => {
  const policy = { set: 3, isolatingRule: { ingress: 4, egress: 5 } }
  const written = (...isolated: ('ingress' | 'egress')[]) =>
    writePodPolicy({ ...policy, isolated }).toString('hex')
  assert.equal(written(), '03000000000000000400000005000000')
  assert.equal(written('egress'), '03000000020000000400000005000000')
  assert.equal(written('ingress', 'egress'), '03000000030000000400000005000000')
})

test('sessions are counted over all CPUs', () => {
  const counts = (begun: bigint, refused: bigint) => {
    const bytes = Buffer.alloc(16)
    bytes.writeBigUInt64LE(begun, 0)
    bytes.writeBigUInt64LE(refused, 8)
    return bytes
  }
  assert.deepEqual(readSessionCounts([counts(1n, 2n), counts(3n, 4n)]), { begun: 4, refused: 6 })
})
