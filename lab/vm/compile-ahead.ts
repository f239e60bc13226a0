/** Loads what runs inside guests, so that its compiled form is in the cache. Run by `compileAhead`. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, symlinkSync } from 'node:fs'
import { flushCompileCache, getCompileCacheDir } from 'node:module'
import { join } from 'node:path'
import { checkout } from './checkout.ts'
import { useCompiledCode } from './compiled-code.ts'

useCompiledCode()
await Promise.all([
  import('../../agent/agent.ts'),
  import('../../agent/hubble/listen.ts'),
  import('../../agent/hubble/server.ts'),
  import('../../agent/monitor/server.ts'),
  import('../../cli/verbs.ts'),
  import('../../demos/play.ts'),
  import('../netns/lifecycle.ts'),
  import('../topology-file.ts'),
  import('./channel/server.ts'),
  import('./guest/command.ts'),
  import('./guest/hand-back.ts'),
  import('./guest/server.ts'),
])
flushCompileCache()
// One module that is not compiled costs as much as a hundred: the compiler itself has to be loaded. What runs when it is
// loaded is compiled by a run that ends at once.
for (const program of ['agent/main.ts', 'cli/main.ts']) {
  spawnSync(process.execPath, [join(checkout, program), '--help'], { stdio: 'ignore' })
}
share()

/** A guest's root is another user to Node, which keeps a directory per user id, and to the file system. */
function share(): void {
  const directory = getCompileCacheDir()
  if (!directory) return
  for (const name of readdirSync(directory)) chmodSync(join(directory, name), 0o644)
  const ofRoot = directory.replace(/-\d+$/, '-0')
  if (!existsSync(ofRoot)) symlinkSync(directory, ofRoot)
}
