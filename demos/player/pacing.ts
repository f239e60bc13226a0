import type { Renderer, StageEvent } from './event.ts'
import type { Keys } from './keys.ts'

/** Decides when the next step may begin. */
export interface Pacing {
  /** Settles when the step may begin. */
  beforeStep(opensChapter: boolean): Promise<void>
  /** What a step put on the screen, so that it can be shown again. */
  remember(event: StageEvent): void
}

export const fullSpeed: Pacing = {
  beforeStep: async () => {},
  remember: () => {},
}

const shownAgain: ReadonlySet<StageEvent['type']> = new Set(['said', 'done', 'failed', 'shown'])

/** Waits for a key between steps; can show earlier steps again, without doing them again. */
export function byKeys(keys: Keys, renderer: Renderer, signal: AbortSignal): Pacing {
  const history: StageEvent[][] = []
  let skipping = false

  function showAgain(position: number): void {
    renderer.handle({ type: 'repeated', position: position + 1, of: history.length })
    for (const event of history[position]!) renderer.handle(event)
  }

  async function waitForNext(): Promise<void> {
    let position = history.length - 1
    for (;;) {
      renderer.handle({ type: 'waiting', canGoBack: position > 0 })
      const key = await keys.next(signal).finally(() => renderer.handle({ type: 'resumed' }))
      signal.throwIfAborted()
      if (key === 'back' && position > 0) showAgain(--position)
      else if (key === 'next' && position < history.length - 1) showAgain(++position)
      else if (key === 'next' || key === 'skip') {
        skipping = key === 'skip'
        return
      }
    }
  }

  return {
    beforeStep: async (opensChapter) => {
      if (opensChapter) skipping = false
      if (history.length > 0 && !skipping) await waitForNext()
      history.push([])
    },
    remember: (event) => {
      if (shownAgain.has(event.type)) history.at(-1)?.push(event)
    },
  }
}
