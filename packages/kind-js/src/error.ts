import { type ConfigProblem, describeProblem } from './config/problem.ts'

/** What a {@link KindError} is about, for programs. */
export type KindErrorCode =
  /** The configuration is wrong; nothing was started. */
  | 'ECONFIG'
  /** There is no kind, and it could not be brought. */
  | 'ENOKIND'
  /** Neither docker nor podman nor nerdctl is there. */
  | 'ENOPROVIDER'
  /** The provider is there and its daemon does not answer. */
  | 'EPROVIDERDOWN'
  /** The provider's daemon is not for this user. */
  | 'EPERMISSION'
  /** There is a cluster of this name already. */
  | 'EEXISTS'
  /** There is no cluster of this name. */
  | 'ENOCLUSTER'
  /** The cluster has no node of this name. */
  | 'ENONODE'
  /** The image, or the archive of images, is not on this machine. */
  | 'ENOIMAGE'
  /** The node image cannot be pulled. */
  | 'EPULL'
  /** A port of this machine is in use. */
  | 'EPORTINUSE'
  /** Nodes did not get ready in time. */
  | 'ENOTREADY'
  /** A half-made cluster could not be removed. */
  | 'ECLEANUP'
  /** A download is not what it should be. */
  | 'ECHECKSUM'
  /** A command failed, for a reason that is not one of these. */
  | 'ECOMMAND'
  /** A command said something that this library does not understand. */
  | 'EOUTPUT'

/** Everything that this library throws, but for aborts, for which it throws the signal's reason. */
export class KindError extends Error {
  readonly code: KindErrorCode
  /** What to do about it, where that can be said. */
  readonly remedy: string | undefined

  constructor(
    code: KindErrorCode,
    message: string,
    options: { remedy?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'KindError'
    this.code = code
    this.remedy = options.remedy
  }
}

/** A configuration is wrong; all that is wrong is in `problems`. */
export class ConfigError extends KindError {
  readonly problems: readonly ConfigProblem[]
  /** Where the configuration was read from, if the caller said so. */
  readonly file: string | undefined

  constructor(problems: readonly ConfigProblem[], file?: string) {
    super('ECONFIG', [file, ...problems.map(describeProblem)].filter(Boolean).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
    this.file = file
  }
}

/** A command that was run and failed. */
export class CommandError extends KindError {
  /** The program and its arguments. */
  readonly argv: readonly string[]
  readonly exitCode: number | undefined
  /** Which signal ended it, such as `SIGKILL`. */
  readonly signal: string | undefined
  /** The last that it printed to standard error, oldest first. */
  readonly lastLines: readonly string[]

  constructor(failure: {
    readonly code: KindErrorCode
    readonly what: string
    readonly argv: readonly string[]
    readonly exitCode?: number | undefined
    readonly signal?: string | undefined
    readonly lastLines: readonly string[]
    readonly remedy?: string | undefined
    readonly cause?: unknown
  }) {
    const { code, what, argv, exitCode, signal, lastLines, remedy, cause } = failure
    super(code, [what, ...lastLines.map((line) => `  ${line}`)].join('\n'), { remedy, cause })
    this.name = 'CommandError'
    this.argv = argv
    this.exitCode = exitCode
    this.signal = signal
    this.lastLines = lastLines
  }
}

/** Not all nodes of a cluster got ready in time. */
export class NotReadyError extends KindError {
  readonly cluster: string
  /** Those that are not ready, and why, in Kubernetes' words. */
  readonly waitingFor: readonly { readonly node: string; readonly why: string }[]

  constructor(cluster: string, milliseconds: number, waitingFor: NotReadyError['waitingFor']) {
    const nodes = waitingFor.map(({ node, why }) => `  ${node}: ${why}`)
    super(
      'ENOTREADY',
      [`cluster ${cluster} was not ready after ${Math.round(milliseconds / 100) / 10} s`, ...nodes].join(
        '\n',
      ),
    )
    this.name = 'NotReadyError'
    this.cluster = cluster
    this.waitingFor = waitingFor
  }
}

/** A cluster that was only half made could not be removed; `cause` is why it was to be removed. */
export class CleanUpError extends KindError {
  readonly cluster: string
  /** What is left of it. */
  readonly nodes: readonly string[]
  /** Why it could not be removed. */
  readonly failure: unknown

  constructor(cluster: string, nodes: readonly string[], failure: unknown, cause: unknown) {
    const left = nodes.length > 0 ? `; left: ${nodes.join(', ')}` : ''
    const why = failure instanceof Error ? `: ${failure.message}` : ''
    super('ECLEANUP', `the half-made cluster ${cluster} could not be removed${left}${why}`, {
      remedy: `Remove it with: kind delete cluster --name ${cluster}`,
      cause,
    })
    this.name = 'CleanUpError'
    this.cluster = cluster
    this.nodes = nodes
    this.failure = failure
  }
}
