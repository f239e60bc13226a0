import type { Picture } from './picture.ts'

/** A story with an outcome, told step by step. */
export interface Demo<Cast, Outcome> {
  readonly name: string
  readonly title: string
  readonly subtitle?: string
  play(stage: Stage, cast: Cast): Promise<Outcome>
}

/** What a demo can do on stage. Each call is one step; with `--present` a key is waited for between steps. */
export interface Stage {
  /** Aborts when the audience has seen enough: Ctrl-C, quit, a time limit. */
  readonly signal: AbortSignal

  /** Narration. A heading opens a chapter; notes are for the speaker only. */
  say(text: string, more?: { readonly heading?: string; readonly notes?: string }): Promise<void>

  /** An action, and what came of it. */
  do<Result>(title: string, action: (task: Task) => Promise<Result> | Result): Promise<Result>

  /** A condition that has to come true before a deadline; it is looked at again and again, never slept for. */
  expect<Value>(title: string, expectation: Expectation<Value>): Promise<Value>

  /** Something to look at. */
  show(picture: Picture): Promise<void>

  /** Undone when the demo ends, however it ends, the latest first. */
  afterwards(title: string, cleanUp: () => Promise<void> | void): void
}

/** An action's hold on its step. */
export interface Task {
  readonly signal: AbortSignal
  /** What is going on right now; shown while the action runs. */
  progress(text: string): void
  /** What came of it, in a few words; stays beside the title. */
  detail(text: string): void
  /** Measures a part of the action for `--timings`. */
  measure<Result>(part: string, action: () => Promise<Result> | Result): Promise<Result>
}

export type Observation<Value> =
  | { readonly holds: true; readonly value: Value; readonly seen?: string }
  | { readonly holds: false; readonly seen: string }

export interface Expectation<Value> {
  /** What should be, in words: shown when it is not. */
  readonly expected: string
  /** Milliseconds until it counts as failed. */
  readonly within: number
  /** Milliseconds between two looks; 20. */
  readonly every?: number
  readonly look: (signal: AbortSignal) => Promise<Observation<Value>> | Observation<Value>
}

/** A step that did not come off: what was expected, and what was seen. */
export class StepFailure extends Error {
  readonly code = 'ESTEP'
  readonly title: string
  readonly expected: string
  readonly seen: string

  constructor(title: string, expected: string, seen: string) {
    super(`${title}: expected ${expected}, saw ${seen}`)
    this.name = 'StepFailure'
    this.title = title
    this.expected = expected
    this.seen = seen
  }
}
