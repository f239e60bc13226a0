/** `npm run test:kubernetes`: tests with upstream's own programs. Ends with 3 where it had to leave them out, and says why. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { missingPrograms } from './api-server.ts'

const missing = missingPrograms()
if (missing.length > 0) {
  process.stderr.write(
    `not tested: ${missing.join(', ')} cannot be found. Put Kubernetes 1.33 or later and etcd on PATH.\n`,
  )
  process.exit(3)
}
const directory = fileURLToPath(new URL('.', import.meta.url))
const files = globSync('*.test-kubernetes.ts', { cwd: directory }).sort()
const argv = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...process.argv.slice(2), ...files]
process.exitCode = spawnSync(process.execPath, argv, { cwd: directory, stdio: 'inherit' }).status ?? 1
