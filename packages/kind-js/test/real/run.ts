/** `npm run test:kind`: tests with the real kind. Ends with 3 where it had to leave some out, and says why. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { whyNoNodes } from './machine.ts'

const directory = fileURLToPath(new URL('.', import.meta.url))
const files = globSync('*.test-kind.ts', { cwd: directory }).sort()
const argv = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...process.argv.slice(2), ...files]
const { status } = spawnSync(process.execPath, argv, { cwd: directory, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

const obstacle = await whyNoNodes()
if (obstacle !== undefined) {
  process.stderr.write(`tested without a cluster: ${obstacle}\n`)
  process.exit(3)
}
