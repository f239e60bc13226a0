import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from './artefacts/cache.ts'

const compiler = fileURLToPath(new URL('compile-ahead.ts', import.meta.url))

/**
 * Where stripped and compiled modules are kept; made if it is missing, since guests are to see it from their start.
 * Undefined for a user whose cache cannot be written, who does without.
 */
export function compiledCodeDirectory(): string | undefined {
  const directory = process.env.NODE_COMPILE_CACHE ?? join(cacheDirectory(), 'compiled')
  try {
    mkdirSync(directory, { recursive: true })
    return directory
  } catch {
    return undefined
  }
}

/** Makes Node keep stripped and compiled modules in the user's cache, for this process and for those it starts. */
export function useCompiledCode(): void {
  const directory = compiledCodeDirectory()
  if (directory === undefined) return
  process.env.NODE_COMPILE_CACHE = directory
  enableCompileCache(directory)
}

/**
 * Compiles what a guest will load, where that costs a tenth of what it costs inside; while the guest boots. It ends with
 * this process at the latest.
 */
export function compileAhead(): void {
  spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, compiler], { stdio: 'ignore' }).unref()
}
