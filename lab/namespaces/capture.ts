import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inNetworkNamespace } from '@wireproof/ffi'
import { LinkType, PcapWriter, tcpdumpCounts } from 'tcpdump-parse'
import type { Capture, CapturePoint } from '../lab.ts'
import { Problem } from '../problem.ts'
import { exitOf, spawnIn } from './process.ts'

/** Where one instrument listens. */
export interface Vantage {
  /** See {@link CapturePoint.name}. */
  readonly name: string
  /** Path of its network namespace. */
  readonly namespace: string
  readonly device: string
  /** `in` on a wire port is what the node behind it put on the wire, once, before the bridge forwards it. */
  readonly direction: 'in' | 'inout'
}

interface Instrument {
  readonly vantage: Vantage
  readonly file: string
  readonly child: ChildProcess
  readonly exit: Promise<number>
  readonly said: () => string
  framesBefore: number
}

const quietMs = 60
/** Where traffic goes on, it is never quiet; what was sent before has been written long before this. */
const quietDeadlineMs = 2000
const kernelBufferKiB = 8192

/** Instruments that can be added and taken away while the others go on. */
export interface GrowingCapture extends Capture {
  /** Resolves when an instrument listens there as well. */
  add(vantage: Vantage): Promise<void>
  /** Ends the one of that name, before its interface goes. What it recorded comes with the others at the end. */
  end(name: string): Promise<void>
}

/**
 * Starts one tcpdump per vantage point, an instrument that is not ours, and resolves when all of them listen.
 *
 * @param vantagesNow is asked again at the end: what came up meanwhile and was not listened to is reported as such.
 */
export async function startCapture(
  vantagesNow: () => readonly Vantage[],
  directory: string,
  signal?: AbortSignal,
): Promise<GrowingCapture> {
  mkdirSync(directory, { recursive: true })
  const instruments: Instrument[] = []
  const ended: CapturePoint[] = []
  const stopAll = () => {
    for (const { child } of instruments) child.kill('SIGKILL')
  }
  signal?.addEventListener('abort', stopAll, { once: true })
  const isHeard = (name: string) =>
    [...instruments.map(({ vantage }) => vantage), ...ended].some((each) => each.name === name)
  const begin = async (vantages: readonly Vantage[]) => {
    const started = vantages.map((vantage) => startInstrument(vantage, directory))
    instruments.push(...started)
    await Promise.all(started.map(listening))
    for (const instrument of started) instrument.framesBefore = framesAt(instrument.vantage)
  }
  try {
    await begin(vantagesNow())
  } catch (error) {
    stopAll()
    throw error
  }
  const quiet = quietWatch(instruments)
  return {
    quiet,
    async add(vantage) {
      if (isHeard(vantage.name))
        throw new Problem(
          'ECAPTURE',
          4,
          `${vantage.name} has been captured already: another needs a name of its own`,
        )
      await begin([vantage])
    },
    async end(name) {
      const index = instruments.findIndex(({ vantage }) => vantage.name === name)
      const [instrument] = index < 0 ? [] : instruments.splice(index, 1)
      if (!instrument) return
      ended.push(await finish(instrument))
    },
    async stop() {
      await quiet()
      signal?.removeEventListener('abort', stopAll)
      const missed = vantagesNow().filter(({ name }) => !isHeard(name))
      const whole = await Promise.all(instruments.map(finish))
      return [...whole, ...ended, ...(await Promise.all(missed.map((each) => unheard(each, directory))))]
    },
  }
}

function tcpdumpArguments({ device, direction }: Vantage, file: string): string[] {
  const quickly = ['-n', '-U', '--immediate-mode', '-B', `${kernelBufferKiB}`, '--time-stamp-precision=nano']
  return ['tcpdump', '-i', device, '-Q', direction, ...quickly, '-Z', 'root', '-w', file]
}

function startInstrument(vantage: Vantage, directory: string): Instrument {
  const file = fileOf(vantage, directory)
  const child = spawnIn(vantage.namespace, tcpdumpArguments(vantage, file), {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  return { vantage, file, child, exit: exitOf(child), said: () => said, framesBefore: 0 }
}

function fileOf({ name }: Vantage, directory: string): string {
  return join(directory, `${name.replaceAll('/', '-')}.pcap`)
}

async function listening(instrument: Instrument): Promise<void> {
  const ready = new Promise<void>((resolve) => {
    const look = () => {
      if (instrument.said().includes('listening on')) resolve()
    }
    instrument.child.stderr?.on('data', look)
    look()
  })
  const ended = instrument.exit.then((code) => {
    const why = instrument.said().trim().split('\n').at(-1) || `exit code ${code}`
    throw new Problem('ECAPTURE', 4, `tcpdump on ${instrument.vantage.name} did not start: ${why}`)
  })
  await Promise.race([ready, ended])
}

/** @returns what waits until no file has grown for a while, but not for ever: what was sent before has then been written. */
function quietWatch(instruments: readonly Instrument[]): () => Promise<void> {
  let last = -1
  let since = 0
  const look = () => {
    const size = instruments.reduce(
      (sum, { file }) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
    if (size !== last) since = performance.now()
    last = size
    return performance.now() - since >= quietMs
  }
  return async () => {
    const deadline = performance.now() + quietDeadlineMs
    while (!look() && performance.now() < deadline) await sleep(quietMs)
  }
}

async function finish(instrument: Instrument): Promise<CapturePoint> {
  const { vantage, file, child } = instrument
  const passed = framesAt(vantage) - instrument.framesBefore
  // On a busy machine the last of them have passed, and tcpdump, which leaves at once, has not read them yet.
  await quietWatch([instrument])()
  child.kill('SIGINT')
  await instrument.exit
  const { captured, droppedByKernel, droppedByInterface } = tcpdumpCounts(instrument.said())
  return { name: vantage.name, file, captured, passed, dropped: droppedByKernel + droppedByInterface }
}

/** A place that was not there when the capture began. */
async function unheard(vantage: Vantage, directory: string): Promise<CapturePoint> {
  const file = fileOf(vantage, directory)
  await new PcapWriter(file, { linkType: LinkType.ethernet }).close()
  return { name: vantage.name, file, captured: 0, passed: framesAt(vantage), dropped: 0 }
}

/**
 * Frames that the interface itself has counted, in the directions the instrument looks at. tcpdump's own "received by
 * filter" counts frames that `-Q` sorts out afterwards, and says nothing of frames it never read.
 */
function framesAt({ namespace, device, direction }: Vantage): number {
  const text = inNetworkNamespace(namespace, () => readFileSync('/proc/thread-self/net/dev', 'utf8'))
  const line = text.split('\n').find((each) => each.trimStart().startsWith(`${device}:`))
  if (!line) throw new Problem('ECAPTURE', 4, `${device} vanished from ${namespace} during a capture`)
  const columns = line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
    .map(Number)
  const [received = 0, sent = 0] = [columns[1], columns[9]]
  return direction === 'in' ? received : received + sent
}
