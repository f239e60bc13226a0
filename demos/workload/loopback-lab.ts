import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { LabPod, LabProcess } from '../../lab/lab.ts'

/** Pods as processes on addresses of the loopback interface: the workload's own behaviour, with no lab and no root. */
export function loopbackLab(pods: readonly LabPod[]) {
  return {
    pods: async () => [...pods],
    spawn: (_target: string, argv: readonly string[]): LabProcess => {
      const child = spawn(argv[0]!, argv.slice(1), { stdio: 'pipe' })
      return {
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        exit: new Promise((resolve) => {
          child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
        }),
        kill: (signal) => child.kill(signal),
      }
    },
  }
}

export function loopbackPod(name: string, node: string, ...addresses: string[]): LabPod {
  return { name, node, addresses, labels: {} }
}
