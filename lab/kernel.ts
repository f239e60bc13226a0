/** Which kernel a lab runs on: this machine's own, User-Mode Linux, or a Debian kernel under QEMU. */
export type KernelKind = 'host' | 'uml' | 'qemu'

/** What is written in evidence and shown to people. */
export interface KernelDescription {
  readonly kind: KernelKind
  /** `uname -r`. */
  readonly release: string
  /** Such as `qemu 7.2.11 (TCG)` or `User-Mode Linux, seccomp`. */
  readonly machine: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** A directory of the caller's that the command may write, at the same path inside. All else is discarded. */
  readonly results?: string
  readonly stdin?: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly signal?: AbortSignal
  /** A pseudo-terminal of this size inside, when a person sits at the outer one. */
  readonly terminal?: { readonly columns: number; readonly rows: number }
}

/** A booted kernel that sees this machine's files read-only and can run commands as its root. */
export interface Guest {
  readonly description: KernelDescription
  /** Resolves to the command's exit code; abort of the signal interrupts the command and waits for its end. */
  run(argv: readonly string[], options: RunOptions): Promise<number>
  /** Powers the kernel off; nothing of it remains. */
  stop(): Promise<void>
}
