import type { CastRecorder } from './cast.ts'
import type { Clock } from './clock.ts'
import type { Demo } from './demo.ts'
import { type CleanUp, direct, stoppable } from './director.ts'
import type { Renderer, StageEvent } from './event.ts'
import type { Keys } from './keys.ts'
import { byKeys, fullSpeed } from './pacing.ts'
import { type Surface, terminalRenderer } from './terminal.ts'
import { Timings } from './timings.ts'

export interface PlayOptions {
  readonly surface: Surface
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Where the presenter's keys come from; without them the demo plays at full speed. */
  readonly keys?: Keys
  readonly cast?: CastRecorder
  /** Milliseconds that one clean-up may take before the next is begun. */
  readonly cleanUpWithin?: number
}

export type Played<Outcome> = {
  readonly timings: Timings
  readonly milliseconds: number
  /** What could not be undone. Empty unless something is left behind. */
  readonly leftBehind: readonly Error[]
} & (
  | { readonly status: 'finished'; readonly outcome: Outcome }
  | { readonly status: 'failed'; readonly error: unknown; readonly toldOnStage: boolean }
  | { readonly status: 'interrupted' }
)

/** Plays a demo to its end, a failed step or an interruption, and then undoes what it asked to have undone. */
export async function play<Cast, Outcome>(
  demo: Demo<Cast, Outcome>,
  cast: Cast,
  options: PlayOptions,
): Promise<Played<Outcome>> {
  const { clock, keys } = options
  const quit = new AbortController()
  const signal = AbortSignal.any([options.signal, quit.signal])
  keys?.onQuit(() => quit.abort(new Error('quit by the presenter')))

  let lastTold: StageEvent['type'] | undefined
  const screen = terminalRenderer(options.surface, keys !== undefined)
  const recording = options.cast === undefined ? undefined : recordingRenderer(options.cast)
  const renderer: Renderer = {
    handle: (event) => {
      lastTold = event.type
      screen.handle(event)
      recording?.handle(event)
    },
  }

  const timings = new Timings()
  const start = clock.now()
  const pacing = keys === undefined ? fullSpeed : byKeys(keys, renderer, signal)
  const { stage, cleanUps } = direct({ renderer, pacing, clock, timings, signal })
  renderer.handle({ type: 'opened', title: demo.title, subtitle: demo.subtitle })
  const ending = await end(() => stoppable(async () => demo.play(stage, cast), signal))
  if (signal.aborted) renderer.handle({ type: 'interrupted', reason: interruption(signal) })
  const toldOnStage = lastTold === 'failed'
  const leftBehind = await undo(cleanUps, options.cleanUpWithin ?? 10_000)
  const played = { timings, milliseconds: clock.now() - start, leftBehind }
  if (signal.aborted) return { ...played, status: 'interrupted' }
  if ('error' in ending) return { ...played, status: 'failed', error: ending.error, toldOnStage }
  return { ...played, status: 'finished', outcome: ending.outcome }
}

async function end<Outcome>(
  action: () => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome } | { readonly error: unknown }> {
  try {
    return { outcome: await action() }
  } catch (error) {
    return { error }
  }
}

/** What is shown again for the presenter is no part of the session. */
function recordingRenderer(cast: CastRecorder): Renderer {
  const renderer = terminalRenderer(cast.surface, false)
  let again = false
  return {
    handle: (event) => {
      if (event.type === 'repeated') again = true
      else if (event.type === 'waiting') again = false
      if (again || event.type === 'waiting' || event.type === 'resumed') return
      if (event.type === 'said' && event.heading !== undefined) cast.mark(event.heading)
      renderer.handle(event)
    },
  }
}

function interruption(signal: AbortSignal): string {
  const reason: unknown = signal.reason
  if (reason instanceof Error && reason.name !== 'AbortError') return `Stopped: ${reason.message}.`
  return 'Stopped.'
}

async function undo(cleanUps: CleanUp[], within: number): Promise<Error[]> {
  const leftBehind: Error[] = []
  for (const { title, run } of cleanUps.toReversed()) {
    try {
      await inTime(async () => run(), within)
    } catch (error) {
      leftBehind.push(
        new Error(`${title}: ${error instanceof Error ? error.message : String(error)}`, { cause: error }),
      )
    }
  }
  return leftBehind
}

async function inTime(action: () => Promise<void>, within: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`not done after ${within / 1000} s`)), within)
  try {
    await Promise.race([action(), promise])
  } finally {
    clearTimeout(timer)
  }
}
