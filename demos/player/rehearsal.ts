/** What a demo is rehearsed with in tests: no terminal, no keyboard, and time that passes when it is told to. */
import type { Clock } from './clock.ts'
import type { Demo } from './demo.ts'
import type { Key, Keys } from './keys.ts'
import type { PlayOptions } from './play.ts'
import { plain } from './style.ts'
import type { Surface } from './terminal.ts'

/** A clock that stands still but for what is waited for. */
export function steppedClock(): Clock & { pass(milliseconds: number): void } {
  let now = 1000
  return {
    now: () => now,
    wait: async (milliseconds, signal) => {
      signal.throwIfAborted()
      now += milliseconds
    },
    pass: (milliseconds) => {
      now += milliseconds
    },
  }
}

export function paper(columns = 80, more: Partial<Surface> = {}): Surface & { text(): string } {
  let written = ''
  return {
    write: (text) => {
      written += text
    },
    columns,
    live: false,
    style: plain,
    text: () => written,
    ...more,
  }
}

export function scriptedKeys(script: readonly Key[]): Keys & { asked: number } {
  const remaining = [...script]
  const listeners: (() => void)[] = []
  const keys = {
    asked: 0,
    next: async (signal: AbortSignal) => {
      keys.asked++
      const key = remaining.shift() ?? 'next'
      if (key === 'quit') for (const listener of listeners) listener()
      signal.throwIfAborted()
      return key
    },
    onQuit: (listener: () => void) => listeners.push(listener),
    close: () => {},
  }
  return keys
}

export function story(tell: Demo<unknown, unknown>['play']): Demo<unknown, unknown> {
  return { name: 'story', title: 'A story', play: tell }
}

export function options(more: Partial<PlayOptions> = {}): PlayOptions {
  return { surface: paper(), clock: steppedClock(), signal: new AbortController().signal, ...more }
}
