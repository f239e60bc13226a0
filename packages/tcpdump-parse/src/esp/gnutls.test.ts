import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fastEngine } from './gnutls.ts'
import type { EspSa } from './sa.ts'
import { sealEsp } from './seal.ts'

const SA: EspSa = {
  source: '*',
  destination: '*',
  spi: 7,
  algorithm: 'rfc4106(gcm(aes))',
  key: Buffer.alloc(20, 3),
  icvBits: 128,
}
const ESP = sealEsp(SA, { sequence: 1, iv: Buffer.alloc(8), nextHeader: 59, inner: Buffer.from('inner') })

const fast = fastEngine()
assert.ok('engine' in fast)
const { engine } = fast

describe('memory', () => {
  test('a packet that is said to be longer than its buffer never reaches the library', () => {
    const cipher = engine.cipher(SA)
    const own = Buffer.from(ESP)
    assert.throws(() => cipher.open(own, 0, own.length + 1, -1), RangeError)
    assert.throws(() => cipher.open(own.subarray(0, 30), 0, ESP.length, -1), RangeError)
    assert.equal(cipher.open(own, -1, own.length, -1), -1)
    assert.equal(cipher.open(own, 0, 20, -1), -1)
  })

  test('a buffer that was given to another thread is refused', () => {
    const cipher = engine.cipher(SA)
    const memory = new ArrayBuffer(4096)
    const packet = Buffer.from(memory)
    packet.set(ESP)
    assert.ok(cipher.open(packet, 0, ESP.length, -1) > 0)
    structuredClone(memory, { transfer: [memory] })
    assert.throws(() => cipher.open(packet, 0, ESP.length, -1), RangeError)
  })

  test('packets in small arrays, in parts of larger ones and in shared memory open', () => {
    const cipher = engine.cipher(SA)
    const shared = Buffer.from(new SharedArrayBuffer(256))
    const small = new Uint8Array(ESP.length)
    for (const [bytes, offset] of [
      [Buffer.from(small.buffer), 0],
      [Buffer.alloc(4096), 1001],
      [shared, 3],
    ] as const) {
      bytes.set(ESP, offset)
      for (let i = 0; i < 100; i++) assert.ok(cipher.open(bytes, offset, offset + ESP.length, -1) > 0)
    }
  })

  test('ten thousand ciphers that nobody holds any more are given back, while others work', () => {
    const script = `
      const { fastEngine } = await import(${JSON.stringify(new URL('./gnutls.ts', import.meta.url).href)})
      const { engine } = fastEngine()
      const packet = Buffer.from('${ESP.toString('hex')}', 'hex')
      const sa = { source: '*', destination: '*', spi: 7, algorithm: 'rfc4106(gcm(aes))', key: Buffer.alloc(20, 3), icvBits: 128 }
      const kept = engine.cipher(sa)
      for (let i = 0; i < 10_000; i++) {
        if (engine.cipher(sa).open(packet, 0, packet.length, -1) < 0) throw new Error('a new one failed')
        if (i % 1000 === 0) { gc(); await new Promise(setImmediate) }
        if (kept.open(packet, 0, packet.length, -1) < 0) throw new Error('the kept one failed')
      }
      console.log('fine')`
    const argv = ['--expose-gc', '--input-type=module', '-e', script]
    assert.equal(execFileSync(process.execPath, argv, { encoding: 'utf8' }), 'fine\n')
  })

  test('what was borrowed is lent again after it was released', () => {
    const first = engine.borrow?.(1 << 16)
    if (first === undefined) return assert.ok(process.arch !== 'x64' || process.platform !== 'linux')
    const second = engine.borrow!(1 << 16)!
    assert.notEqual(first.buffer, second.buffer)
    engine.release!(first)
    assert.equal(engine.borrow!(1 << 16)!.buffer, first.buffer)
  })
})

test('where it is not to be had, it is said why', () => {
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve: (name, context, next) => { if (name === 'koffi') throw new Error('Cannot find koffi'); return next(name, context) } })
    const { fastEngine } = await import(${JSON.stringify(new URL('./gnutls.ts', import.meta.url).href)})
    console.log(fastEngine().why)`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.match(said, /Cannot find koffi/)
})
