import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { removeAbandonedLocks } from './locks.ts'
import { scratch } from './scratch.ts'

const noProcess = 2 ** 22 + 1

test('only the lock of a process that is no more, on this machine, is removed', (t) => {
  const state = scratch(t)
  const directory = join(state, '.pulumi/locks/organization/wireproof/embedded')
  mkdirSync(directory, { recursive: true })
  const lock = (name: string, content: object) => {
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(content))
    return join(directory, `${name}.json`)
  }
  const abandoned = lock('abandoned', { pid: noProcess, hostname: hostname() })
  const held = lock('held', { pid: process.pid, hostname: hostname() })
  const elsewhere = lock('elsewhere', { pid: noProcess, hostname: `not-${hostname()}` })
  removeAbandonedLocks(state)
  assert.deepEqual(
    [abandoned, held, elsewhere].map((file) => existsSync(file)),
    [false, true, true],
  )
})

test('a state without locks, or none at all, is fine', (t) => {
  removeAbandonedLocks(join(scratch(t), 'none'))
})
