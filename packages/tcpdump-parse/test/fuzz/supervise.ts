import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Growth, growthOf } from './memory.ts'
import type { Finding, Told, Work } from './messages.ts'
import { Tally } from './tally.ts'
import type { Planted } from './target.ts'

export interface FuzzOptions {
  readonly seed: number
  /** The first case, 0 by default, and how many. */
  readonly first?: number
  readonly cases: number
  /** Ends by then whether all cases are done or not. */
  readonly seconds?: number
  readonly workers: number
  readonly planted?: Planted
  /** How long a case may take, in seconds. */
  readonly patience?: number
  /** After so many there is nothing more to learn; 20 by default. */
  readonly mostFindings?: number
  /** How often memory is measured, in milliseconds. */
  readonly measureEvery?: number
  /** Ends the run; what was found until then is the outcome. */
  readonly signal?: AbortSignal
  readonly onProgress?: (outcome: Outcome) => void
  readonly onFinding?: (finding: Finding) => void
}

export interface Outcome {
  readonly cases: number
  readonly seconds: number
  readonly tally: Tally
  readonly findings: readonly Finding[]
  /** Of each worker, as far as enough was measured. */
  readonly memory: readonly Growth[]
}

const PATIENCE = 20
const MEASURE_EVERY = 2000
const TELL_EVERY = 500
const MOST_FINDINGS = 20

/** Runs cases in processes of their own, which may fail in any way. */
export async function fuzz(options: FuzzOptions): Promise<Outcome> {
  const run = new Run(options)
  try {
    await Promise.all(Array.from({ length: options.workers }, (_, index) => run.work(index)))
  } finally {
    run.end()
  }
  return run.outcome
}

class Run {
  readonly #options: FuzzOptions
  readonly #first: number
  readonly #started = performance.now()
  readonly #directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-fuzz-'))
  readonly #children = new Set<ChildProcess>()
  readonly #tally = new Tally()
  readonly #findings: Finding[] = []
  readonly #memory: Growth[] = []
  readonly #deadline: NodeJS.Timeout | undefined
  #cases = 0
  #isOver = false

  constructor(options: FuzzOptions) {
    this.#options = options
    this.#first = options.first ?? 0
    const { seconds } = options
    options.signal?.addEventListener('abort', () => this.#stop(), { once: true })
    if (seconds !== undefined) this.#deadline = setTimeout(() => this.#stop(), seconds * 1000)
  }

  get outcome(): Outcome {
    return {
      cases: this.#cases,
      seconds: (performance.now() - this.#started) / 1000,
      tally: this.#tally,
      findings: this.#findings,
      memory: this.#memory,
    }
  }

  end(): void {
    clearTimeout(this.#deadline)
    this.#stop()
    rmSync(this.#directory, { recursive: true })
  }

  /** Works through every so-manieth case, in one process after the other where one has to be ended. */
  async work(index: number): Promise<void> {
    const { seed, cases, workers, planted, measureEvery = MEASURE_EVERY } = this.#options
    const limit = this.#first + cases
    for (let first = this.#first + index; first < limit && !this.#isOver; ) {
      const notebook = join(this.#directory, `case-${index}`)
      writeFileSync(notebook, Buffer.alloc(8, 0xff))
      const shared = { seed, step: workers, limit, notebook, measureEvery, tellEvery: TELL_EVERY }
      const failed = await this.#runProcess({ ...shared, first, ...(planted && { planted }) })
      if (failed === undefined) return
      first = failed + workers
    }
  }

  /** @returns the case that the process did not come to the end of, if there was one. */
  #runProcess(work: Work): Promise<number | undefined> {
    const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [JSON.stringify(work)], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      // What it writes is removed here: it may be killed at any time.
      env: { ...process.env, TMPDIR: this.#directory },
    })
    this.#children.add(child)
    let said = ''
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(-4096)
    })
    const samples: number[] = []
    child.on('message', (message: Told | { finding: Finding }) => {
      if ('finding' in message) this.#find(message.finding)
      else this.#hear(message, samples)
    })
    let hung: number | undefined
    const watch = this.#watch(work.notebook, (number) => {
      hung = number
      child.kill('SIGKILL')
    })
    return new Promise((resolve) => {
      child.once('close', (code, signal) => {
        clearInterval(watch)
        this.#children.delete(child)
        this.#judgeMemory(samples)
        if (this.#isOver || code === 0) return resolve(undefined)
        const number = hung ?? readCase(work.notebook) ?? work.first
        const patience = this.#options.patience ?? PATIENCE
        const what = `the process ended with ${signal ?? code}\n${said}`
        if (hung === undefined) this.#find({ kind: 'crash', number, what })
        else this.#find({ kind: 'hang', number, what: `not done after ${patience} s` })
        resolve(number)
      })
    })
  }

  /** Calls back when the same case is under way for longer than any may take. */
  #watch(notebook: string, onHang: (number: number) => void): NodeJS.Timeout {
    const patience = (this.#options.patience ?? PATIENCE) * 1000
    let number: number | undefined
    let since = 0
    return setInterval(() => {
      const now = readCase(notebook)
      if (now !== number) [number, since] = [now, performance.now()]
      else if (number !== undefined && performance.now() - since > patience) onHang(number)
    }, patience / 10)
  }

  #hear({ cases, counts, memory }: Told, samples: number[]): void {
    this.#cases += cases
    this.#tally.addAll(counts)
    samples.push(...memory)
    this.#options.onProgress?.(this.outcome)
  }

  #judgeMemory(samples: readonly number[]): void {
    const growth = growthOf(samples)
    if (!growth) return
    this.#memory.push(growth)
    const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
    if (growth.isTooMuch)
      this.#find({
        kind: 'memory',
        what: `what is in use has grown from ${mebibytes(growth.early)} to ${mebibytes(growth.late)}`,
      })
  }

  #find(finding: Finding): void {
    if (finding.place !== undefined && this.#findings.some(({ place }) => place === finding.place)) {
      this.#tally.add('thrown again', finding.place.trim())
      return
    }
    this.#findings.push(finding)
    this.#options.onFinding?.(finding)
    if (this.#findings.length >= (this.#options.mostFindings ?? MOST_FINDINGS)) this.#stop()
  }

  #stop(): void {
    this.#isOver = true
    for (const child of this.#children) child.kill('SIGKILL')
  }
}

/** @returns the case that is under way; undefined before the first. */
function readCase(notebook: string): number | undefined {
  const number = Buffer.alloc(8)
  const file = openSync(notebook, 'r')
  try {
    readSync(file, number, 0, number.length, 0)
  } finally {
    closeSync(file)
  }
  const value = number.readBigInt64LE()
  return value < 0n ? undefined : Number(value)
}
