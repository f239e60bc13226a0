import type { Clock } from './clock.ts'
import { type Stage, StepFailure, type Task } from './demo.ts'
import type { Renderer, StageEvent } from './event.ts'
import type { Pacing } from './pacing.ts'
import type { Timings } from './timings.ts'

export interface Directions {
  readonly renderer: Renderer
  readonly pacing: Pacing
  readonly clock: Clock
  readonly timings: Timings
  readonly signal: AbortSignal
}

/** A thing to undo. */
export interface CleanUp {
  readonly title: string
  run(): Promise<void> | void
}

/** Carries out a demo's steps: paces them, measures them, tells what happens, and stops at once when told to. */
export function direct(directions: Directions): { stage: Stage; cleanUps: CleanUp[] } {
  const { renderer, pacing, clock, timings, signal } = directions
  const cleanUps: CleanUp[] = []
  let steps = 0
  let chapter: string | undefined
  /** Steps have the same title in several chapters. */
  const inChapter = (title: string) => (chapter === undefined ? title : `${chapter}: ${title}`)

  function tell(event: StageEvent): void {
    pacing.remember(event)
    renderer.handle(event)
  }

  async function begin(opensChapter: boolean): Promise<void> {
    signal.throwIfAborted()
    await pacing.beforeStep(opensChapter)
    signal.throwIfAborted()
  }

  async function perform<Result>(
    title: string,
    action: (task: Task) => Promise<Result> | Result,
  ): Promise<Result> {
    await begin(false)
    const step = ++steps
    const timed = inChapter(title)
    const start = clock.now()
    const parts: { title: string; milliseconds: number }[] = []
    let detail: string | undefined
    const task: Task = {
      signal,
      progress: (text) =>
        renderer.handle({ type: 'progressed', step, text, milliseconds: clock.now() - start }),
      detail: (text) => {
        detail = text
      },
      measure: async (part, partAction) => {
        const partStart = clock.now()
        try {
          return await partAction()
        } finally {
          parts.push({ title: part, milliseconds: clock.now() - partStart })
        }
      },
    }
    tell({ type: 'started', step, title })
    try {
      const result = await stoppable(async () => action(task), signal)
      const milliseconds = clock.now() - start
      timings.step(timed, milliseconds, parts)
      tell({ type: 'done', step, title, detail, milliseconds })
      return result
    } catch (error) {
      const milliseconds = clock.now() - start
      timings.step(timed, milliseconds, parts)
      if (!signal.aborted) tell({ type: 'failed', step, title, milliseconds, ...reasons(error) })
      throw error
    }
  }

  const stage: Stage = {
    signal,
    say: async (text, more = {}) => {
      await begin(more.heading !== undefined)
      chapter = more.heading ?? chapter
      tell({ type: 'said', text, heading: more.heading, notes: more.notes })
    },
    do: perform,
    expect: (title, expectation) =>
      perform(title, async (task) => {
        const deadline = clock.now() + expectation.within
        for (;;) {
          const observed = await expectation.look(signal)
          if (observed.holds) {
            if (observed.seen !== undefined) task.detail(observed.seen)
            return observed.value
          }
          if (clock.now() >= deadline) throw new StepFailure(title, expectation.expected, observed.seen)
          task.progress(observed.seen)
          await clock.wait(expectation.every ?? 20, signal)
        }
      }),
    show: async (picture) => {
      await begin(false)
      tell({ type: 'shown', picture })
    },
    afterwards: (title, run) => {
      cleanUps.push({ title, run })
    },
  }
  return { stage, cleanUps }
}

/** Settles as the action does, or rejects at once when the signal aborts; the action is then no longer waited for. */
export function stoppable<Result>(action: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  if (signal.aborted) return Promise.reject(signal.reason)
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  action().then(resolve, reject)
  return promise.finally(() => signal.removeEventListener('abort', abort))
}

function reasons(error: unknown): { message: string; expected?: string; seen?: string; remedy?: string } {
  if (error instanceof StepFailure)
    return { message: error.message, expected: error.expected, seen: error.seen }
  const message = error instanceof Error ? error.message : String(error)
  const remedy = error instanceof Error && 'remedy' in error ? error.remedy : undefined
  return typeof remedy === 'string' ? { message, remedy } : { message }
}
