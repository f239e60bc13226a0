import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { atomicDirectory } from './atomic.ts'

const scratch = mkdtempSync(join(tmpdir(), 'atomic-test-'))
after(() => rmSync(scratch, { recursive: true }))

const fill = (text: string) => async (directory: string) => writeFileSync(join(directory, 'file'), text)

test('what is made is there whole, and is not made again', async () => {
  const path = join(scratch, 'made')
  await atomicDirectory(path, fill('first'))
  await atomicDirectory(path, fill('second'))
  assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'first')
})

test('a failure leaves nothing', async () => {
  const path = join(scratch, 'failed')
  await assert.rejects(
    atomicDirectory(path, async (directory) => {
      writeFileSync(join(directory, 'half'), '')
      throw new Error('interrupted')
    }),
    /interrupted/,
  )
  assert.ok(!readdirSync(scratch).some((name) => name.startsWith('failed')))
})

test('what a killed run left is removed, and what a living one is at is not', async () => {
  const dead = join(scratch, `next.part-${2 ** 22 + 1}`)
  const living = join(scratch, `next.part-${process.ppid}`)
  mkdirSync(dead)
  mkdirSync(living)
  await atomicDirectory(join(scratch, 'next'), fill('x'))
  assert.deepEqual(
    readdirSync(scratch)
      .filter((name) => name.startsWith('next'))
      .sort(),
    ['next', `next.part-${process.ppid}`],
  )
})

test('of two runs at once the first to finish wins', async () => {
  const path = join(scratch, 'race')
  await atomicDirectory(path, async (directory) => {
    mkdirSync(path)
    writeFileSync(join(path, 'file'), 'winner')
    writeFileSync(join(directory, 'file'), 'loser')
  })
  assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'winner')
})
