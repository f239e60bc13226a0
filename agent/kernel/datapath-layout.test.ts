import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  counterName,
  decryptedMarkOf,
  hooks,
  largestNodeNumber,
  localNode,
  markAsked,
  markDecrypted,
  markEncrypt,
  markMask,
  markUnjudged,
  markUnsettled,
  markUnsettledMask,
  nobody,
  readCounters,
  readFlowEvent,
  readLost,
  reasons,
  verdicts,
  writeConfig,
  writeIpcacheKey,
  writeIpcacheValue,
  writePod,
  writePodKey,
} from './datapath-layout.ts'

const header = readFileSync(new URL('../../bpf/include/wireproof.h', import.meta.url), 'utf8')

function enumOf(name: string): string[] {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)![1]!
  const prefix = `${name.toUpperCase()}_`
  return body
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member.startsWith(prefix))
    .map((member) => member.slice(prefix.length).toLowerCase().replaceAll('_', '-'))
}

function defined(name: string): number {
  return Number(new RegExp(`#define ${name}\\s+(\\w+?)u?\\s`).exec(header)![1])
}

test('names and marks are those of the header, in its order', () => {
  assert.deepEqual(hooks, enumOf('hook'))
  assert.deepEqual(verdicts, enumOf('verdict'))
  assert.deepEqual(reasons, enumOf('reason'))
  assert.equal(markMask, defined('MARK_MASK'))
  assert.equal(markEncrypt, defined('MARK_ENCRYPT'))
  assert.equal(markDecrypted, defined('MARK_DECRYPTED'))
  assert.equal(markUnsettled, defined('MARK_UNSETTLED'))
  assert.equal(markUnjudged, defined('MARK_UNJUDGED'))
  assert.equal(nobody, defined('NODE_NONE'))
  assert.equal(localNode, defined('NODE_LOCAL'))
})

test('a rule tells what is unsettled, judged or not, from all other marks', () => {
  const isUnsettled = (mark: number) => (mark & markUnsettledMask) === markUnjudged
  assert.deepEqual([markUnsettled, markUnjudged].map(isUnsettled), [true, true])
  assert.deepEqual([markEncrypt, markDecrypted, markAsked, 0].filter(isUnsettled), [])
})

test('a mark has room for 24 bits of a node, and none for the bits that others use', () => {
  assert.equal(decryptedMarkOf(1), 0x0000_0d01)
  assert.equal(decryptedMarkOf(0x12_3456), 0x1234_0d56)
  assert.equal(decryptedMarkOf(largestNodeNumber), 0xffff_0dff)
  assert.equal(markMask & 0xf000, 0)
})

test('a written config is ready, and carries each setting in a bit of its own', () => {
  assert.equal(writeConfig({ encryptL3: false, strict: false }).toString('hex'), '04000000')
  assert.equal(writeConfig({ encryptL3: true, strict: false }).toString('hex'), '05000000')
  assert.equal(writeConfig({ encryptL3: false, strict: true }).toString('hex'), '06000000')
})

test('an IPv4 prefix is keyed as the IPv6 prefix it maps to', () => {
  assert.equal(writeIpcacheKey('10.244.1.0/24').toString('hex'), '7800000000000000000000000000ffff0af40100')
  assert.equal(writeIpcacheKey('10.244.1.7').readUInt32LE(), 128)
  assert.equal(writeIpcacheKey('0.0.0.0/0').readUInt32LE(), 96)
  assert.equal(writeIpcacheKey('fd00::/8').toString('hex'), '08000000fd000000000000000000000000000000')
})

test('an ipcache value tells pods from nodes', () => {
  assert.equal(
    writeIpcacheValue({ identity: 7, node: 2, isProtected: true }).toString('hex'),
    '070000000200000001000000',
  )
  assert.equal(
    writeIpcacheValue({ identity: 0, node: 0x01_0000, isProtected: false }).toString('hex'),
    '000000000000010000000000',
  )
})

test('a pod is its device index and an address of each family', () => {
  assert.equal(writePodKey(0x0102).toString('hex'), '02010000')
  const ipv4 = '00000000000000000000ffff0af40107'
  const ipv6 = 'fd000000000000000000000000000001'
  const none = '00'.repeat(16)
  assert.equal(writePod(['10.244.1.7']).toString('hex'), `${ipv4}${none}`)
  assert.equal(writePod(['fd00::1', '10.244.1.7']).toString('hex'), `${ipv4}${ipv6}`)
})

function event(): Buffer {
  const bytes = Buffer.alloc(80)
  bytes.writeBigUInt64LE(5n, 0)
  writePod(['10.244.1.7', 'fd00::1']).copy(bytes, 8)
  bytes.writeBigUInt64LE(3n, 40)
  bytes.writeBigUInt64LE(300n, 48)
  bytes.writeUInt16LE(4711, 56)
  bytes.writeUInt16LE(80, 58)
  bytes.set([6, 1, 4, 4], 60)
  bytes.writeUInt32LE(11, 64)
  bytes.writeUInt32LE(12, 68)
  bytes.writeUInt32LE(0x0e00, 72)
  bytes.writeUInt32LE(13, 76)
  return bytes
}

test('a flow event is read field by field', () => {
  assert.deepEqual(readFlowEvent(event()), {
    time: 5n,
    source: '10.244.1.7',
    destination: 'fd00::1',
    packets: 3n,
    bytes: 300n,
    sourcePort: 4711,
    destinationPort: 80,
    protocol: 6,
    hook: 'to-wire',
    verdict: 'dropped',
    reason: 'clear-on-wire',
    sourceIdentity: 11,
    destinationIdentity: 12,
    mark: 0x0e00,
    rule: 13,
  })
})

test('an event of another layout is refused, not misread', () => {
  assert.throws(() => readFlowEvent(event().subarray(0, 72)), RangeError)
  const unknown = event()
  unknown[63] = reasons.length
  assert.throws(() => readFlowEvent(unknown), RangeError)
})

test('every counter has a name of its own', () => {
  const names = Array.from({ length: hooks.length * verdicts.length * reasons.length }, (_, i) =>
    counterName(i),
  )
  assert.equal(new Set(names).size, names.length)
  assert.equal(counterName((1 * verdicts.length + 4) * reasons.length + 4), 'to-wire/dropped/clear-on-wire')
})

test('counters are summed over CPUs, and those of zero left out', () => {
  const value = (packets: bigint, bytes: bigint) => {
    const buffer = Buffer.alloc(16)
    buffer.writeBigUInt64LE(packets, 0)
    buffer.writeBigUInt64LE(bytes, 8)
    return buffer
  }
  const map = {
    entriesPerCpu: (): [Buffer, Buffer[]][] => [
      [writePodKey(0), [value(1n, 60n), value(2n, 120n)]],
      [writePodKey(1), [value(0n, 0n), value(0n, 0n)]],
    ],
  }
  assert.deepEqual(readCounters(map), { 'from-pod/forwarded/same-node': { packets: 3, bytes: 180 } })
  assert.equal(readLost(map), 3)
})
