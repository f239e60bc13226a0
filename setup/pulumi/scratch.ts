import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A directory for the time of one test. */
export function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-test-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** An executable shell script. */
export function script(file: string, body: string): void {
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
}
