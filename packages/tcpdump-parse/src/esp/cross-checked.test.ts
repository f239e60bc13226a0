import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crossChecked } from './cross-checked.ts'
import { EngineError, type EspEngine } from './engine.ts'
import type { EspSa } from './sa.ts'

const SA: EspSa = {
  source: '*',
  destination: '*',
  spi: 7,
  algorithm: 'rfc4106(gcm(aes))',
  key: Buffer.alloc(20),
  icvBits: 128,
}

/** An engine that answers as it is told, and counts how often it was asked. */
function answering(answer: () => { length: number; plaintext: string }): EspEngine & { asked: number } {
  const engine = {
    name: 'told',
    asked: 0,
    cipher: () => ({
      plaintext: Buffer.alloc(0),
      open() {
        engine.asked++
        const { length, plaintext } = answer()
        this.plaintext = Buffer.from(plaintext)
        return length
      },
    }),
  }
  return engine
}

const open = (engine: EspEngine): number => engine.cipher(SA).open(Buffer.alloc(40), 0, 40, -1)
const good = { length: 3, plaintext: 'abc' }
const bad = { length: -1, plaintext: '' }

test('every packet that does not open is opened by the second engine as well', () => {
  const second = answering(() => bad)
  const engine = crossChecked(
    answering(() => bad),
    second,
    { random: () => 0.999 },
  )
  for (let i = 0; i < 10; i++) assert.equal(open(engine), -1)
  assert.equal(second.asked, 10)
  assert.equal(engine.checks.agreed, 10)
})

test('of those that open a sample is', () => {
  const second = answering(() => good)
  let next = 0
  const engine = crossChecked(
    answering(() => good),
    second,
    { sample: 4, random: () => (next++ % 4) / 4 },
  )
  for (let i = 0; i < 100; i++) assert.equal(open(engine), 3)
  assert.equal(second.asked, 25)
})

for (const [what, first, second] of [
  ['one opens what the other does not', good, bad],
  ['one does not open what the other does', bad, good],
  ['plaintexts differ', good, { length: 3, plaintext: 'abd' }],
  ['lengths differ', good, { length: 2, plaintext: 'ab' }],
] as const)
  test(`no answer counts where ${what}`, () => {
    const engine = crossChecked(
      answering(() => first),
      answering(() => second),
      { sample: 1 },
    )
    assert.throws(
      () => open(engine),
      (error) => error instanceof EngineError && error.code === 'EENGINE',
    )
  })
