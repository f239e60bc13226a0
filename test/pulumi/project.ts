import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const launcher = join(root, 'setup/pulumi/main.ts')

export interface Ended {
  readonly code: number
  /** Standard output and error together. */
  readonly output: string
}

interface StoredResource {
  readonly type: string
  readonly inputs?: unknown
  readonly outputs?: unknown
}

interface Checkpoint {
  readonly checkpoint: { readonly latest: { readonly resources?: StoredResource[] } }
}

/**
 * A user of the real launcher and the real CLI, with a state, a passphrase and a configuration of their own. The CLI
 * itself comes from this machine's cache.
 */
export class PulumiUser {
  readonly home = mkdtempSync(join(tmpdir(), 'wireproof-pulumi-test-'))
  readonly configFile: string
  readonly #stack: string
  readonly #env: NodeJS.ProcessEnv

  /** @param stack one of those that the project has a file for; `embedded` is selected by itself. */
  constructor(env: NodeJS.ProcessEnv = {}, stack = 'embedded') {
    this.#stack = stack
    this.configFile = join(this.home, `Pulumi.${stack}.yaml`)
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(PULUMI_|XDG_STATE|XDG_CONFIG)/.test(name),
    )
    const places = { XDG_STATE_HOME: join(this.home, 'state'), XDG_CONFIG_HOME: join(this.home, 'config') }
    this.#env = { ...Object.fromEntries(inherited), ...places, ...env }
    cpSync(join(root, `Pulumi.${stack}.yaml`), this.configFile)
  }

  /** As whoever wants another stack than `embedded` does once. */
  async selectStack(): Promise<void> {
    const { code, output } = await this.run('stack', 'select', this.#stack, '--create', '--non-interactive')
    if (code !== 0) throw new Error(output)
  }

  /** Runs one operation to its end. */
  run(...argv: string[]): Promise<Ended> {
    return this.start(...argv).ended
  }

  up(...more: string[]): Promise<Ended> {
    return this.#operation('up', more)
  }

  refresh(...more: string[]): Promise<Ended> {
    return this.#operation('refresh', more)
  }

  destroy(...more: string[]): Promise<Ended> {
    return this.#operation('destroy', more)
  }

  async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    for (const [key, value] of Object.entries(settings)) {
      const { code, output } = await this.run(
        'config',
        'set',
        `wireproof:${key}`,
        value,
        '--config-file',
        this.configFile,
      )
      if (code !== 0) throw new Error(output)
    }
  }

  async outputs(): Promise<Record<string, unknown>> {
    const { code, output } = await this.run('stack', 'output', '--json')
    if (code !== 0) throw new Error(output)
    return JSON.parse(output) as Record<string, unknown>
  }

  /** The resources in the stack's state, as they are on disk. */
  resources(): StoredResource[] {
    const file = join(this.home, `state/wireproof/pulumi/stacks/.pulumi/stacks/wireproof/${this.#stack}.json`)
    const { checkpoint } = JSON.parse(readFileSync(file, 'utf8')) as Checkpoint
    return checkpoint.latest.resources ?? []
  }

  /** Starts an operation in a process group of its own, as a shell does, so that a test can press Ctrl-C. */
  start(...argv: string[]): { ended: Promise<Ended>; pressCtrlC: () => void } {
    const child = spawn(process.execPath, [launcher, ...argv], {
      cwd: root,
      env: this.#env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const code = new Promise<number>((resolve, reject) => {
      child.on('error', reject).on('close', (status) => resolve(status ?? -1))
    })
    const ended = Promise.all([code, text(child.stdout), text(child.stderr)]).then(
      ([status, stdout, stderr]) => ({
        code: status,
        output: stdout + stderr,
      }),
    )
    return { ended, pressCtrlC: () => process.kill(-child.pid!, 'SIGINT') }
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }

  #operation(verb: string, more: readonly string[]): Promise<Ended> {
    return this.run(verb, '--yes', '--skip-preview', '--config-file', this.configFile, ...more)
  }
}
