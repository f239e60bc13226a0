import { PassThrough } from 'node:stream'
import { Exec, type KubeConfig, type V1Status } from '@kubernetes/client-node'
import type { LabProcess } from '../lab.ts'

export interface PodContainer {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/** Whoever ends the connection does not learn how the command ended. */
const endedByUs = 128 + 9
const couldNotStart = 126

/**
 * Starts a command in a container through the API server, as `kubectl exec -i` does. The command ends with its input; to
 * kill it is to leave it.
 */
export function execInPod(config: KubeConfig, at: PodContainer, argv: readonly string[]): LabProcess {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const exit = Promise.withResolvers<number>()
  const ended = (code: number) => {
    exit.resolve(code)
    stdout.end()
    stderr.end()
  }
  const connection = new Exec(config).exec(
    at.namespace,
    at.pod,
    at.container,
    [...argv],
    stdout,
    stderr,
    stdin,
    false,
    (status) => ended(exitCodeOf(status)),
  )
  connection.then(
    (socket) => {
      socket.onclose = () => ended(endedByUs)
    },
    (error: Error) => {
      stderr.write(`${error.message}\n`)
      ended(couldNotStart)
    },
  )
  return {
    stdin,
    stdout,
    stderr,
    exit: exit.promise,
    kill: () => {
      void connection.then((socket) => socket.close()).catch(() => {})
    },
  }
}

/** What the API server says of a command that has ended. */
export function exitCodeOf(status: V1Status): number {
  if (status.status === 'Success') return 0
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')
  return cause?.message === undefined ? couldNotStart : Number(cause.message)
}
