import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '../writer.ts'
import { readLink, writeBridge, writeLinkChange, writeVeth } from './link.ts'

const message = (payload: Buffer) => ({ type: 16, flags: 0, sequence: 1, port: 0, payload })

test('a veth pair is laid out with its peer nested in the data of its kind', () => {
  const writer = new Writer()
  writeVeth(writer, { name: 'a', mtu: 1400 }, { name: 'b', namespace: 5 })
  assert.equal(
    writer.bytes.toString('hex'),
    [
      '00000000000000000000000000000000', // struct ifinfomsg
      '0600030061000000', // IFLA_IFNAME "a"
      '0800040078050000', // IFLA_MTU 1400
      '38001200', // IFLA_LINKINFO
      '0900010076657468', // IFLA_INFO_KIND "veth"
      '00000000',
      '28000200', // IFLA_INFO_DATA
      '24000100', // VETH_INFO_PEER
      '00000000000000000000000000000000',
      '0600030062000000', // IFLA_IFNAME "b"
      '08001c0005000000', // IFLA_NET_NS_FD 5
    ].join(''),
  )
})

test("a bridge's ageing time is sent in hundredths of a second, and nothing that was not asked for", () => {
  const writer = new Writer()
  writeBridge(writer, { name: 'b', ageingTime: 3, multicastSnooping: false })
  assert.match(writer.bytes.toString('hex'), /080004002c0100000500170000000000$/)
  writer.reset()
  writeBridge(writer, { name: 'b' })
  assert.doesNotMatch(writer.bytes.toString('hex'), /08000400|05001700/)
})

test('a change touches the up flag only where it is asked to', () => {
  const flags = (change: { up?: boolean }) => {
    const writer = new Writer()
    writeLinkChange(writer, 3, change)
    return [writer.bytes.readUInt32LE(4), writer.bytes.readUInt32LE(8), writer.bytes.readUInt32LE(12)]
  }
  assert.deepEqual(flags({ up: true }), [3, 1, 1])
  assert.deepEqual(flags({ up: false }), [3, 0, 1])
  assert.deepEqual(flags({}), [3, 0, 0])
})

test('a link is read with what the kernel tells of it', () => {
  const writer = new Writer()
  writeLinkChange(writer, 7, {
    up: true,
    name: 'eth0',
    mac: '02:00:00:00:00:01',
    mtu: 1400,
    master: 4,
    alias: 'x',
  })
  writer.attribute(18, () => writer.attributeString(1, 'veth'))
  writer.attributeU32(5, 9)
  writer.attributeU32(37, 0)
  assert.deepEqual(readLink(message(writer.bytes)), {
    index: 7,
    name: 'eth0',
    mac: '02:00:00:00:00:01',
    mtu: 1400,
    up: true,
    running: false,
    kind: 'veth',
    master: 4,
    peerIndex: 9,
    linkNamespaceId: 0,
    alias: 'x',
  })
})
