/** Runs in a kernel that was booted for it: unpacks images into Docker's directory on the kernel's disk. */
import { spawnSync } from 'node:child_process'
import { startDockerDaemon } from '../docker-daemon.ts'

const daemon = await startDockerDaemon()
for (const archive of process.argv.slice(2)) {
  const { status } = spawnSync('docker', ['load', '--quiet', '--input', archive], {
    env: daemon.environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  process.exitCode ||= status ?? 1
}
await daemon.stop()
