import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { socketDirectory } from './keeper-socket.ts'

test('the sockets lie where this user alone can go, or nowhere', () => {
  const runtime = mkdtempSync(join(tmpdir(), 'keeper-test-'))
  try {
    const directory = socketDirectory({ XDG_RUNTIME_DIR: runtime })
    assert.equal(statSync(directory).mode & 0o777, 0o700)
    chmodSync(directory, 0o755)
    assert.throws(() => socketDirectory({ XDG_RUNTIME_DIR: runtime }), { code: 'EUNSAFE', exitCode: 4 })
    rmSync(directory, { recursive: true })
    mkdirSync(directory, { mode: 0o777 })
    chmodSync(directory, 0o777)
    assert.throws(() => socketDirectory({ XDG_RUNTIME_DIR: runtime }), { code: 'EUNSAFE' })
  } finally {
    rmSync(runtime, { recursive: true })
  }
})
