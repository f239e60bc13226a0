import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { consume, countFrame, Outlet } from './flow.ts'
import { type Exit, encodeFrame, type Frame, FrameReader, frameKind, type Start } from './frames.ts'

/** A command that has been started. */
export interface ServedCommand {
  readonly stdin: NodeJS.WritableStream
  readonly stdout: NodeJS.ReadableStream
  readonly stderr: NodeJS.ReadableStream
  /** Settles when the command has ended; what it wrote is still delivered. */
  readonly exit: Promise<Exit>
  signal(name: NodeJS.Signals): void
  resize(columns: number, rows: number): void
}

export interface CommandRunner {
  /** Throws, or rejects `exit`, when the command cannot be begun: the asker gets the message. */
  begin(start: Start, number: number): ServedCommand
  /** The asker has fetched this command's results. */
  fetched?(number: number): void
}

/** Output that background processes hold open after the command itself ended counts as over when it has paused. */
const pauseMs = 250

async function idle(outlet: Outlet): Promise<void> {
  const ended = performance.now()
  while (Math.min(outlet.idleMs, performance.now() - ended) < pauseMs)
    await delay(pauseMs / 5, undefined, { ref: false })
}

/** Begins commands as they are asked for on a line, several at a time. */
export function serveCommands(
  line: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream; paced?: boolean },
  runner: CommandRunner,
  ready: object,
): { hangUp(): void } {
  const reader = new FrameReader()
  const commands = new Map<number, { command: ServedCommand; outlet: Outlet }>()
  const send = (frame: Buffer) => line.output.write(frame)

  const start = (number: number, payload: Buffer) => {
    const outlet = new Outlet(number, send)
    let command: ServedCommand
    try {
      command = runner.begin(JSON.parse(payload.toString()) as Start, number)
    } catch (error) {
      command = failed(error as Error)
    }
    commands.set(number, { command, outlet })
    const output = Promise.all([
      outlet.pump(frameKind.stdout, command.stdout),
      outlet.pump(frameKind.stderr, command.stderr),
    ]).catch(() => {})
    command.exit
      .catch((error: Error): Exit => ({ code: 126, problem: error.message }))
      .then(async (exit) => {
        await Promise.race([output, idle(outlet)])
        outlet.close()
        commands.delete(number)
        send(encodeFrame(frameKind.exit, number, JSON.stringify(exit)))
      })
  }

  const handle = ({ kind, command: number, payload }: Frame) => {
    if (kind === frameKind.ping) return send(encodeFrame(frameKind.pong, 0))
    if (kind === frameKind.start) return start(number, payload)
    if (kind === frameKind.fetched) return runner.fetched?.(number)
    const served = commands.get(number)
    // The command has ended and its exit is on its way.
    if (!served) return
    const { command, outlet } = served
    if (kind === frameKind.stdin) consume(command.stdin, number, payload, send)
    else if (kind === frameKind.stdinEnd) command.stdin.end()
    else if (kind === frameKind.credit) outlet.credit(payload.readUInt32BE(0))
    else if (kind === frameKind.signal) command.signal(payload.toString() as NodeJS.Signals)
    else if (kind === frameKind.resize) {
      const [columns = 80, rows = 24] = payload.toString().split('x').map(Number)
      command.resize(columns, rows)
    }
  }

  line.input.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) handle(frame)
    if (line.paced) send(countFrame(frameKind.arrived, 0, chunk.length))
  })
  send(encodeFrame(frameKind.ready, 0, JSON.stringify(ready)))
  return {
    /** The asker has gone: its commands are told so. */
    hangUp() {
      for (const { command, outlet } of commands.values()) {
        outlet.close()
        command.signal('SIGHUP')
      }
    },
  }
}

function failed(error: Error): ServedCommand {
  const empty = () => new PassThrough().end()
  return {
    stdin: new PassThrough().resume(),
    stdout: empty(),
    stderr: empty(),
    exit: Promise.reject(error),
    signal() {},
    resize() {},
  }
}
