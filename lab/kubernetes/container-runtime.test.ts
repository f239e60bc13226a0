import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runtimeProgram } from './container-runtime.ts'

const all = (1n << 41n) - 1n
const without = (bit: bigint) => (all & ~(1n << bit)).toString(16)
const asked = { bounding: ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_SYS_RESOURCE'], effective: ['CAP_SYS_ADMIN'] }
const rlimits = [{ type: 'RLIMIT_NOFILE', hard: 1, soft: 1 }]

/** What runc would find after the program has passed. */
function edited(bounding: string, process: object): Record<string, unknown> {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-runtime-'))
  try {
    writeFileSync(join(directory, 'runc'), '#!/bin/sh\n', { mode: 0o755 })
    writeFileSync(join(directory, 'program'), runtimeProgram(bounding), { mode: 0o755 })
    writeFileSync(join(directory, 'config.json'), JSON.stringify({ process }))
    const path = `${directory}:${globalThis.process.env.PATH}`
    const argv = ['create', '--bundle', directory, 'container']
    const { status, stderr } = spawnSync(join(directory, 'program'), argv, { env: { PATH: path } })
    assert.equal(status, 0, `${stderr}`)
    return JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')).process
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('a container gets what an old Docker does not know, once', () => {
  const once = edited(all.toString(16), { capabilities: asked, rlimits })
  assert.deepEqual(once, {
    capabilities: {
      bounding: ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_RESOURCE'],
      effective: ['CAP_SYS_ADMIN', 'CAP_BPF', 'CAP_PERFMON'],
    },
    rlimits,
  })
  assert.deepEqual(edited(all.toString(16), once), once)
})

test('a container does not get what this machine has not', () => {
  assert.deepEqual(edited(without(24n), { capabilities: asked, rlimits, cwd: '/' }), {
    capabilities: {
      bounding: ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_BPF', 'CAP_PERFMON'],
      effective: ['CAP_SYS_ADMIN', 'CAP_BPF', 'CAP_PERFMON'],
    },
    cwd: '/',
  })
  const noBpf = edited(without(39n), { capabilities: asked }) as { capabilities: typeof asked }
  assert.deepEqual(noBpf.capabilities.effective, ['CAP_SYS_ADMIN', 'CAP_PERFMON'])
})
