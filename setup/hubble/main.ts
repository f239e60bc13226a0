import { copyFileSync, linkSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { complain } from '../../cli/complain.ts'
import { Problem } from '../../lab/problem.ts'
import { obtainHubble } from './client.ts'

/** `npm run hubble`: brings the `hubble` command, and puts it where `npx wireproof exec` finds it. */

/** Labs in a kernel of their own see the checkout, but not this user's cache. */
const place = fileURLToPath(new URL('../../node_modules/.bin/hubble', import.meta.url))

async function main(): Promise<void> {
  const interrupt = new AbortController()
  const onSignal = () => interrupt.abort(new Problem('EINTERRUPTED', 130, 'interrupted'))
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const report = (line: string) => process.stderr.write(`hubble: ${line}\n`)
  // What an earlier version put there would pass for the user's own.
  rmSync(place, { force: true })
  const program = await obtainHubble({ report, signal: interrupt.signal })
  putInPlace(program)
  process.stdout.write(`${place}\n`)
}

function putInPlace(program: string): void {
  try {
    linkSync(program, place)
  } catch {
    // Another file system.
    copyFileSync(program, place)
  }
}

try {
  await main()
  process.exit()
} catch (error) {
  process.exitCode = complain(error)
}
