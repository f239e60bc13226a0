import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { install, isIntact } from './cache.ts'
import { programs } from './release.ts'
import { scratch } from './scratch.ts'

async function fill(directory: string): Promise<void> {
  for (const program of programs) writeFileSync(join(directory, program), `this is ${program}`)
}

test('what was installed is intact', async (t) => {
  const directory = join(scratch(t), 'cache', '1.0')
  assert.equal(await isIntact(directory), false)
  await install(directory, fill)
  assert.equal(await isIntact(directory), true)
})

test('a program that was changed or lost since is noticed, and installing again repairs it', async (t) => {
  const directory = join(scratch(t), '1.0')
  const program = join(directory, programs[0])
  for (const damage of [() => appendFileSync(program, '!'), () => rmSync(program)]) {
    await install(directory, fill)
    damage()
    assert.equal(await isIntact(directory), false)
  }
  await install(directory, fill)
  assert.equal(await isIntact(directory), true)
})

test('a filling that fails half-way leaves nothing', async (t) => {
  const parent = scratch(t)
  const failing = install(join(parent, '1.0'), async (partial) => {
    writeFileSync(join(partial, programs[0]), 'half')
    throw new Error('interrupted')
  })
  await assert.rejects(failing, /interrupted/)
  assert.deepEqual(readdirSync(parent), [])
})

test('what a killed process left is removed; what a living one fills is not', async (t) => {
  const parent = scratch(t)
  const noProcess = 2 ** 22 + 1
  const [dead, living] = [noProcess, process.pid].map((pid) => join(parent, `1.0.partial-${pid}-abc`))
  mkdirSync(dead!)
  mkdirSync(living!)
  await install(join(parent, '1.0'), fill)
  assert.deepEqual([existsSync(dead!), existsSync(living!)], [false, true])
})

test('two that install at once do not get in each other’s way', async (t) => {
  const directory = join(scratch(t), '1.0')
  await Promise.all([install(directory, fill), install(directory, fill)])
  assert.equal(await isIntact(directory), true)
})
