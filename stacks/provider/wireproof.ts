import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { Problem } from '../../lab/problem.ts'
import type { LabInputs, LabRow, RunningLab } from '../lab-state.ts'

export interface Watching {
  /** Called with each line of progress. */
  readonly onLine?: (line: string) => void
  /** Its abort interrupts the command, which then cleans up; the promise settles when that is done. */
  readonly signal?: AbortSignal
}

/** The command line, as the provider uses it. */
export interface Wireproof {
  up(lab: LabInputs, watching: Watching): Promise<RunningLab>
  ls(): Promise<LabRow[]>
  /** No complaint where there is no such lab. */
  down(name: string, watching: Watching): Promise<void>
}

/** @param argv starts the command line; the project's own, unless told otherwise. */
export function wireproofCommand(argv: readonly string[] = ownCommand()): Wireproof {
  return {
    async up({ name, topology, kernel }, watching) {
      const choice = kernel ? ['--kernel', kernel] : []
      const options = ['up', '--name', name, '--topology', '-', '--json', ...choice]
      return JSON.parse(await call([...argv, ...options], JSON.stringify(topology), watching)) as RunningLab
    },
    async ls() {
      return JSON.parse(await call([...argv, 'ls', '--json'], '', {})) as LabRow[]
    },
    async down(name, watching) {
      await call([...argv, 'down', name], '', watching)
    },
  }
}

/** Tests of the provider give a stand-in. */
function ownCommand(): string[] {
  const standIn = process.env.WIREPROOF_TEST_COMMAND
  if (standIn) return [process.execPath, standIn]
  return [process.execPath, fileURLToPath(new URL('../../cli/main.ts', import.meta.url))]
}

/** Runs one command to its end and returns what it printed. */
function call(argv: readonly string[], input: string, { onLine, signal }: Watching): Promise<string> {
  return new Promise((resolve, reject) => {
    const [program, ...rest] = argv
    const child = spawn(program!, rest, { env: withoutPulumi(process.env), stdio: ['pipe', 'pipe', 'pipe'] })
    const interrupt = () => child.kill('SIGINT')
    if (signal?.aborted) interrupt()
    signal?.addEventListener('abort', interrupt, { once: true })
    let stdout = ''
    const complaint: string[] = []
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    createInterface({ input: child.stderr }).on('line', (text) => {
      const line = stripVTControlCharacters(text).trim()
      if (line === '') return
      // From here on it is the command's last words: what went wrong, then what to do.
      if (line.startsWith('wireproof: ') || complaint.length > 0) complaint.push(line)
      else onLine?.(line)
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.on('error', reject)
    child.on('close', (code) => {
      signal?.removeEventListener('abort', interrupt)
      if (code === 0) return resolve(stdout)
      const verb = rest.find((argument) => /^(up|ls|down)$/.test(argument))
      const said = complaint.join('\n').replace(/^wireproof: /, '')
      const message = signal?.aborted
        ? 'interrupted'
        : said || `wireproof ${verb} ended with code ${code} and did not say why; see what it says by hand`
      reject(new Problem('EWIREPROOF', code ?? 4, message))
    })
  })
}

/** Pulumi's variables hold the way to the user's secrets and are none of a lab's business. */
function withoutPulumi(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PULUMI_')))
}
