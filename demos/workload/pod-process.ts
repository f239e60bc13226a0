import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import type { Lab, LabPod, LabProcess } from '../../lab/lab.ts'
import { Problem } from '../../lab/problem.ts'
import type {
  EndRequest,
  Report,
  Request,
  SendRequest,
  SentReport,
  SessionReport,
  SessionRequest,
  StreamReport,
  StreamRequest,
} from './pod.ts'

/** The port that every pod answers on, UDP and TCP. */
export const WORKLOAD_PORT = 9000

/** Longer than the deadline of any request: a program that runs has answered by then. */
const longestAnswerMs = 30_000

let program: string | undefined

/** Types are stripped once, here: a process that has to do it itself takes twice as long to start. */
function podProgram(): string {
  program ??= stripTypeScriptTypes(readFileSync(new URL('pod.ts', import.meta.url), 'utf8'))
  return program
}

/** The traffic program running in one pod. */
export class PodProcess {
  readonly pod: LabPod
  readonly #process: LabProcess
  readonly #waiting = new Map<string, PromiseWithResolvers<Report>>()
  #complaints = ''
  #stopping = false

  constructor(lab: Pick<Lab, 'spawn'>, pod: LabPod, port: number) {
    this.pod = pod
    const node = [process.execPath, '--input-type=module', '-e', podProgram()]
    this.#process = lab.spawn(pod.name, [...node, pod.addresses.join(), String(port)])
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#receive(line))
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-2000)
    })
    // Writing to a program that has ended fails; that it ended is told by its exit.
    this.#process.stdin.on('error', () => {})
    // What it complained of may still be under way when it has ended.
    const complained = finished(this.#process.stderr).catch(() => {})
    void this.#process.exit.then((code) => complained.then(() => this.#ended(code)))
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await this.#await('ready', signal)
  }

  async send(request: SendRequest, signal?: AbortSignal): Promise<SentReport> {
    return (await this.#request(request, signal)) as SentReport
  }

  startStream(request: StreamRequest | SessionRequest): void {
    this.#write(request)
  }

  async endStream(request: EndRequest, signal?: AbortSignal): Promise<StreamReport> {
    return (await this.#request(request, signal)) as StreamReport
  }

  async endSession(request: EndRequest, signal?: AbortSignal): Promise<SessionReport> {
    return (await this.#request(request, signal)) as SessionReport
  }

  /** The program ends with its input; one that does not is killed. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#process.stdin.end()
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), 1000)
    await this.#process.exit
    clearTimeout(kill)
  }

  #request(request: SendRequest | EndRequest, signal?: AbortSignal): Promise<Report> {
    const answer = this.#await(request.id, signal)
    this.#write(request)
    return answer
  }

  #write(request: Request): void {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`)
  }

  #await(id: string, signal?: AbortSignal): Promise<Report> {
    const waiter = Promise.withResolvers<Report>()
    const abort = () => waiter.reject(signal?.reason)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    const silence = setTimeout(() => waiter.reject(this.#silent()), longestAnswerMs)
    this.#waiting.set(id, waiter)
    return waiter.promise.finally(() => {
      clearTimeout(silence)
      this.#waiting.delete(id)
      signal?.removeEventListener('abort', abort)
    })
  }

  #receive(line: string): void {
    const report = JSON.parse(line) as Report
    this.#waiting.get('ready' in report ? 'ready' : report.id)?.resolve(report)
  }

  #silent(): Problem {
    return new Problem(
      'EWORKLOAD',
      4,
      `The traffic program in pod ${this.pod.name} has not answered for ${longestAnswerMs / 1000} s.`,
      'It may be stopped, or the machine far too busy: run again.',
    )
  }

  #ended(code: number): void {
    if (this.#stopping) return
    const last = this.#complaints
      .trim()
      .split('\n')
      .findLast((line) => /error/i.test(line))
    const why = last === undefined ? '' : `: ${last.trim()}`
    const problem = new Problem(
      'EWORKLOAD',
      4,
      `The traffic program in pod ${this.pod.name} ended with code ${code}${why}.`,
      'See `wireproof logs`; the lab may have been taken down.',
    )
    for (const { reject } of this.#waiting.values()) reject(problem)
  }
}
