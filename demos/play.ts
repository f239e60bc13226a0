import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KernelDescription } from '../lab/kernel.ts'
import type { Lab } from '../lab/lab.ts'
import { Problem } from '../lab/problem.ts'
import { changeDemo } from './change/change-demo.ts'
import { churn } from './change/churn.ts'
import { partition } from './change/partition.ts'
import { policy } from './change/policy.ts'
import { replay } from './change/replay.ts'
import { restart } from './change/restart.ts'
import { rotate } from './change/rotate.ts'
import { spoof } from './change/spoof.ts'
import { upgrade } from './change/upgrade.ts'
import { type Conclusion, conclude } from './conclusion.ts'
import { fireDrill } from './fire-drill.ts'
import type { DemoName } from './names.ts'
import { nodes } from './nodes.ts'
import {
  CastRecorder,
  type Clock,
  type Demo,
  type Keys,
  type OutputStream,
  type Played,
  play,
  surfaceOf,
  systemClock,
  terminalKeys,
} from './player/index.ts'
import type { ProofDemo } from './proof-demo.ts'
import { services } from './services.ts'
import { transparentEncryption } from './transparent-encryption.ts'

/** The demos there are, by name. */
const demos: Readonly<Record<DemoName, ProofDemo>> = {
  'transparent-encryption': transparentEncryption,
  'fire-drill': fireDrill,
  services,
  nodes,
  rotate: changeDemo(rotate),
  restart: changeDemo(restart),
  partition: changeDemo(partition),
  upgrade: changeDemo(upgrade),
  replay: changeDemo(replay),
  policy: changeDemo(policy),
  spoof: changeDemo(spoof),
  churn: changeDemo(churn),
}

export interface PlayDemoOptions {
  readonly lab: Lab
  /** Where the evidence goes; a directory of its own is made in it. */
  readonly directory: string
  readonly kernel: KernelDescription
  readonly present: boolean
  readonly timings: boolean
  /** Of a demo in which something changes: how often, and what its random instants are drawn from. */
  readonly rounds?: number
  readonly seed?: string
  /** Whether keys are left out of the evidence; and kept beside it. */
  readonly sealedOnly: boolean
  readonly keepKeys: boolean
  readonly output: OutputStream
  readonly signal: AbortSignal
  /** Where the presenter's keys come from; the terminal on stdin. */
  readonly keys?: Keys
  readonly clock?: Clock
}

/** 128 and the number of SIGINT, as shells have it. */
const interrupted = 130
const environmentBroke = 4

/**
 * Plays a demo in a lab that is up, judges it and leaves the evidence.
 *
 * @returns the exit code: 0 proven, 1 leak, 5 inconclusive, 4 a step failed, 130 interrupted.
 * @throws Problem when it is to be presented without a terminal.
 */
export async function playDemo(name: DemoName, options: PlayDemoOptions): Promise<number> {
  const demo = demos[name]
  const clock = options.clock ?? systemClock
  const surface = surfaceOf(options.output, process.env)
  const cast = new CastRecorder(
    { title: demo.title, timestamp: Math.floor(Date.now() / 1000), columns: 100, rows: 32 },
    clock,
  )
  const keys = options.present ? (options.keys ?? presenterKeys()) : undefined
  try {
    const { signal } = options
    const whole = concluded(demo, cast, options)
    const played = await play(whole, options.lab, { surface, clock, signal, cast, ...(keys && { keys }) })
    if (options.timings) surface.write(`\n${lines(played, surface.columns).join('\n')}\n`)
    return exitCodeOf(played)
  } finally {
    keys?.close()
  }

  function lines({ timings, milliseconds }: Played<unknown>, width: number): string[] {
    return timings
      .picture(milliseconds)({ width: width - 3, style: surface.style })
      .map((line) => `  ${line}`)
  }
}

/** The demo, and after it the verdict and the evidence. */
function concluded(
  demo: ProofDemo,
  cast: CastRecorder,
  { lab, directory, kernel, sealedOnly, keepKeys, rounds, seed }: PlayDemoOptions,
): Demo<Lab, Conclusion> {
  return {
    ...demo,
    subtitle: `lab ${lab.name} on Linux ${kernel.release} (${kernel.machine})`,
    play: async (stage) => {
      const captures = await mkdtemp(join(tmpdir(), 'wireproof-captures-'))
      stage.afterwards('Remove the captures', () => rm(captures, { recursive: true, force: true }))
      const arms = await demo.play(stage, {
        lab,
        captures,
        ...(rounds !== undefined && { rounds }),
        ...(seed !== undefined && { seed }),
      })
      return conclude(stage, { demo: demo.name, lab, kernel, arms, directory, cast, sealedOnly, keepKeys })
    },
  }
}

function presenterKeys(): Keys {
  if (!process.stdin.isTTY)
    throw new Problem(
      'EPRESENT',
      2,
      'presenting needs a terminal: there is no keyboard to wait for',
      'Leave out --present, or run it where stdin is a terminal.',
    )
  return terminalKeys(process.stdin)
}

/** @throws what ended the demo, unless the audience has been told already. */
function exitCodeOf(played: Played<Conclusion>): number {
  const [left] = played.leftBehind
  if (left !== undefined)
    throw new Problem(
      'ECLEANUP',
      environmentBroke,
      `the demo could not clean up: ${left.message}`,
      'Run `wireproof down`.',
    )
  if (played.status === 'interrupted') return interrupted
  if (played.status === 'finished') return played.outcome.exitCode
  if (!played.toldOnStage) throw played.error
  return played.error instanceof Problem ? played.error.exitCode : environmentBroke
}
