/** `npm run bench [name…]`: each benchmark prints its ratio against a named peer that ran beside it, and checks both. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const benchmarks = ['survey', 'decrypt', 'large', 'policies']
const chosen = process.argv.slice(2)
const unknown = chosen.find((name) => !benchmarks.includes(name))
if (unknown !== undefined) {
  process.stderr.write(`there is no benchmark called ${unknown}; there are: ${benchmarks.join(', ')}\n`)
  process.exit(2)
}

for (const name of chosen.length > 0 ? chosen : benchmarks) {
  process.stdout.write(`\n${name}\n`)
  const program = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const { status } = spawnSync(process.execPath, [program], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
