import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { terminalKeys } from './keys.ts'
import { colour, plain } from './style.ts'
import { surfaceOf } from './terminal.ts'

const output = (isTTY: boolean, columns?: number) => ({ write: () => {}, isTTY, ...(columns && { columns }) })

test('colour is for terminals, and NO_COLOR turns it off', () => {
  assert.equal(surfaceOf(output(true), {}).style, colour)
  assert.equal(surfaceOf(output(true), { NO_COLOR: '' }).style, colour)
  assert.equal(surfaceOf(output(true), { NO_COLOR: '1' }).style, plain)
  assert.equal(surfaceOf(output(false), {}).style, plain)
  assert.equal(surfaceOf(output(false), { FORCE_COLOR: '1' }).style, colour)
})

test('lines are taken back only on a terminal that can', () => {
  assert.equal(surfaceOf(output(true), {}).live, true)
  assert.equal(surfaceOf(output(true), { TERM: 'dumb' }).live, false)
  assert.equal(surfaceOf(output(false), { FORCE_COLOR: '1' }).live, false)
})

test('the width is the terminal’s, as it is now', () => {
  const resized = { write: () => {}, isTTY: true, columns: 80 }
  const surface = surfaceOf(resized, {})
  resized.columns = 50
  assert.equal(surface.columns, 50)
  assert.equal(surfaceOf(output(false), { COLUMNS: '66' }).columns, 66)
  assert.equal(surfaceOf(output(false), {}).columns, 100)
})

class Keyboard extends EventEmitter {
  raw = false
  setRawMode(raw: boolean): void {
    this.raw = raw
  }
  resume(): void {}
  pause(): void {}
  press(text: string): void {
    this.emit('data', Buffer.from(text))
  }
}

test('keys and presentation remotes move the demo on, back and to its end', async () => {
  const keyboard = new Keyboard()
  const keys = terminalKeys(keyboard)
  const { signal } = new AbortController()
  for (const [pressed, meant] of [
    [' ', 'next'],
    ['\r', 'next'],
    ['\x1b[6~', 'next'],
    ['\x1b[5~', 'back'],
    ['b', 'back'],
    ['s', 'skip'],
    ['\x03', 'quit'],
  ] as const) {
    const next = keys.next(signal)
    keyboard.press('x')
    keyboard.press(pressed)
    assert.equal(await next, meant)
  }
})

test('a key pressed while nothing is waited for does not run ahead, except quit', async () => {
  const keyboard = new Keyboard()
  const keys = terminalKeys(keyboard)
  let quit = 0
  keys.onQuit(() => quit++)
  keyboard.press(' ')
  const next = keys.next(new AbortController().signal)
  keyboard.press('b')
  assert.equal(await next, 'back')
  keyboard.press('q')
  assert.equal(quit, 1)
})

test('the terminal is given back as it was', async () => {
  const keyboard = new Keyboard()
  const keys = terminalKeys(keyboard)
  assert.equal(keyboard.raw, true)
  const interrupt = new AbortController()
  const waiting = keys.next(interrupt.signal)
  interrupt.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  keys.close()
  assert.equal(keyboard.raw, false)
  assert.equal(keyboard.listenerCount('data'), 0)
})
