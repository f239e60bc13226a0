import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ethernet, ipv4, tcp, udp } from '../sample-frames.ts'
import { decode, type Frame } from './frame.ts'
import { layerAt } from './layer-at.ts'

/** The layers of all bytes of a frame, each once, with where they begin. */
function layersOf(frame: Frame): string[] {
  const seen: string[] = []
  for (let offset = 0; offset < frame.data.length; offset++) {
    const { layer, depth, offset: within } = layerAt(frame, offset)
    if (within === 0) seen.push(`${'>'.repeat(depth)}${layer}@${offset}`)
  }
  return seen
}

test('each byte is in one layer', () => {
  const packet = ipv4(6, tcp(Buffer.from('hello')))
  const padded = decode(Buffer.concat([ethernet(0x0800, packet), Buffer.alloc(7)]), 1)
  assert.deepEqual(layersOf(padded), ['link@0', 'network@14', 'transport@34', 'payload@54', 'trailer@59'])
  const esp = Buffer.from('0000000700000001'.padEnd(64, 'e'), 'hex')
  assert.deepEqual(layersOf(decode(ethernet(0x0800, ipv4(50, esp)), 1)), ['link@0', 'network@14', 'esp@34'])
  const vxlan = Buffer.concat([Buffer.from('0800000000002a00', 'hex'), ethernet(0x0800, packet)])
  assert.deepEqual(layersOf(decode(ethernet(0x0800, ipv4(17, udp(1, 4789, vxlan))), 1)), [
    'link@0',
    'network@14',
    'transport@34',
    'overlay@42',
    '>link@50',
    '>network@64',
    '>transport@84',
    '>payload@104',
  ])
  assert.deepEqual(layersOf(decode(Buffer.from('who knows'), 9999)), ['payload@0'])
})

test('a byte deeper than the stack would reach is found', () => {
  // A length of zero, as before segmentation, leaves room for more than 64 KiB.
  const header = ipv4(4, Buffer.alloc(0))
  header.writeUInt16BE(0, 2)
  const packet = Buffer.concat([...Array(12_000).fill(header), ipv4(6, tcp(Buffer.from('hello')))])
  const place = layerAt(decode(packet, 101), packet.length - 1)
  assert.deepEqual(place, { layer: 'payload', depth: 12_000, offset: 4 })
})
