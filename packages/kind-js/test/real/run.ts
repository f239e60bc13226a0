/** `npm run test:kind`: tests with the real kind. Says what it leaves out, and why. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const directory = fileURLToPath(new URL('.', import.meta.url))
const files = globSync('*.test-kind.ts', { cwd: directory }).sort()
const argv = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...process.argv.slice(2), ...files]
const { status } = spawnSync(process.execPath, argv, { cwd: directory, stdio: 'inherit' })
process.exit(status ?? 1)
