/**
 * `npm run bench [name…] [-- name… options]`: each benchmark prints its ratio against a named peer that ran beside it, and
 * checks both. Options go to each of the benchmarks named before them.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const benchmarks = ['survey', 'decrypt', 'large', 'policies', 'programs', 'datapath', 'events', 'scale']
const words = process.argv.slice(2)
const firstOption = words.findIndex((word) => word.startsWith('-'))
const chosen = firstOption < 0 ? words : words.slice(0, firstOption)
const options = words.slice(chosen.length)
const unknown = chosen.find((name) => !benchmarks.includes(name))
if (unknown !== undefined) {
  process.stderr.write(`there is no benchmark called ${unknown}; there are: ${benchmarks.join(', ')}\n`)
  process.exit(2)
}

for (const name of chosen.length > 0 ? chosen : benchmarks) {
  process.stdout.write(`\n${name}\n`)
  const program = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const { status } = spawnSync(process.execPath, [program, ...options], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
