import type { Duplex } from 'node:stream'
import type { RunOptions } from '../../kernel.ts'
import { Problem } from '../../problem.ts'
import { consume, Outlet } from './flow.ts'
import { type Exit, encodeFrame, type Frame, FrameReader, frameKind, type Start } from './frames.ts'
import { PacedSender } from './paced.ts'

interface Running {
  readonly options: Omit<RunOptions, 'signal'>
  readonly outlet: Outlet
  settle(exit: Exit): void
  fail(error: Error): void
}

/** A command that was begun at the other end of a line. */
export interface RemoteCommand {
  readonly number: number
  readonly ended: Promise<Exit>
  signal(name: string): void
  resize(columns: number, rows: number): void
  /** Its results have been copied to where they belong. */
  fetched(): void
}

/** Runs commands at the other end of a line that {@link serveCommands} listens on. */
export class CommandClient {
  readonly #line: Duplex
  readonly #reader = new FrameReader()
  readonly #running = new Map<number, Running>()
  readonly #ready = Promise.withResolvers<unknown>()
  readonly #pings: ((alive: boolean) => void)[] = []
  #paced: PacedSender | undefined
  #next = 1
  #broken: Error | undefined

  /**
   * @param options.whyClosed what it means for commands that the line has closed.
   * @param options.paced for lines that lose their wake-up when they are full.
   */
  constructor(line: Duplex, options: { whyClosed?: () => Error | Promise<Error>; paced?: boolean } = {}) {
    const { whyClosed = lineClosed } = options
    this.#line = line
    if (options.paced) this.#paced = new PacedSender((bytes) => this.#write(bytes))
    this.#ready.promise.catch(() => {})
    line.on('data', (chunk: Buffer) => this.#receive(chunk))
    // Whatever the error, the line's close follows, and what that means to a person is known.
    line.on('error', () => {})
    line.on('close', async () => this.break(await whyClosed()))
  }

  /** What the runner said of itself when it began to listen. */
  ready(): Promise<unknown> {
    return this.#ready.promise
  }

  /** Ends every running and later command with this error. */
  break(error: Error): void {
    if (this.#broken) return
    this.#broken = error
    this.#ready.reject(error)
    for (const running of this.#running.values()) running.fail(error)
    this.#running.clear()
    for (const answer of this.#pings.splice(0)) answer(false)
    this.#line.destroy()
  }

  /** Whether the runner answered within the time. */
  ping(deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), deadlineMs)
      timer.unref()
      this.#pings.push((alive) => {
        clearTimeout(timer)
        resolve(alive)
      })
      this.#send(encodeFrame(frameKind.ping, 0))
    })
  }

  /** Begins a command; what it writes goes to the options' streams. */
  begin(argv: readonly string[], options: Omit<RunOptions, 'signal'>): RemoteCommand {
    const command = this.#next++
    const outlet = new Outlet(command, (frame) => this.#send(frame))
    const ended = Promise.withResolvers<Exit>()
    if (this.#broken) ended.reject(this.#broken)
    else this.#running.set(command, { options, outlet, settle: ended.resolve, fail: ended.reject })
    const start: Start = {
      argv,
      cwd: options.cwd,
      env: options.env,
      ...(options.results === undefined ? {} : { results: options.results }),
      ...(options.terminal === undefined ? {} : { terminal: options.terminal }),
    }
    this.#send(encodeFrame(frameKind.start, command, JSON.stringify(start)))
    this.#feed(command, outlet, options.stdin)
    const forget = () => {
      outlet.close()
      this.#running.delete(command)
    }
    ended.promise.then(forget, forget)
    return {
      number: command,
      ended: ended.promise,
      signal: (name) => this.#send(encodeFrame(frameKind.signal, command, name)),
      resize: (columns, rows) => this.#send(encodeFrame(frameKind.resize, command, `${columns}x${rows}`)),
      fetched: () => this.#send(encodeFrame(frameKind.fetched, command)),
    }
  }

  #feed(command: number, outlet: Outlet, stdin: NodeJS.ReadableStream | undefined): void {
    const end = () => this.#send(encodeFrame(frameKind.stdinEnd, command))
    if (!stdin) {
      end()
      return
    }
    // Whoever reads standard input here decides what its failure means; the command sees the end of input.
    outlet.pump(frameKind.stdin, stdin).then(end, end)
  }

  #send(frame: Buffer): void {
    if (this.#paced) this.#paced.send(frame)
    else this.#write(frame)
  }

  #write(bytes: Buffer): void {
    if (!this.#line.destroyed && this.#line.writable) this.#line.write(bytes)
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#handle(frame)
    } catch (error) {
      this.break(error as Error)
    }
  }

  #handle({ kind, command, payload }: Frame): void {
    if (kind === frameKind.ready) this.#ready.resolve(JSON.parse(payload.toString()))
    else if (kind === frameKind.pong) this.#pings.shift()?.(true)
    else if (kind === frameKind.arrived) this.#paced?.arrived(payload.readUInt32BE(0))
    // Data of a command that this side has given up on goes nowhere.
    const running = this.#running.get(command)
    if (!running) return
    const send = (frame: Buffer) => this.#send(frame)
    if (kind === frameKind.stdout) consume(running.options.stdout, command, payload, send)
    else if (kind === frameKind.stderr) consume(running.options.stderr, command, payload, send)
    else if (kind === frameKind.credit) running.outlet.credit(payload.readUInt32BE(0))
    else if (kind === frameKind.exit) running.settle(JSON.parse(payload.toString()) as Exit)
  }
}

const lineClosed = () => new Problem('ELINECLOSED', 4, 'the kernel of the lab has gone')
