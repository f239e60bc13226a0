/** What a presenter can ask for between two steps. */
export type Key = 'next' | 'back' | 'skip' | 'quit'

export interface Keys {
  /** The next key pressed after the call; one pressed before counts for nothing, so that nobody runs ahead by accident. */
  next(signal: AbortSignal): Promise<Key>
  /** Called for quit even while a step is running. */
  onQuit(listener: () => void): void
  close(): void
}

/** Presentation remotes send the page keys. */
const meaning: Readonly<Record<string, Key>> = {
  ' ': 'next',
  '\r': 'next',
  '\n': 'next',
  n: 'next',
  '\x1b[C': 'next',
  '\x1b[6~': 'next',
  b: 'back',
  '\x7f': 'back',
  '\x1b[D': 'back',
  '\x1b[5~': 'back',
  s: 'skip',
  '\t': 'skip',
  q: 'quit',
  '\x03': 'quit',
  '\x04': 'quit',
}

/** The part of a terminal's input that keys are read from; `process.stdin` is one. */
export interface KeySource {
  setRawMode?(raw: boolean): unknown
  on(event: 'data', listener: (data: Buffer) => void): unknown
  off(event: 'data', listener: (data: Buffer) => void): unknown
  resume(): unknown
  pause(): unknown
}

/** Keys from a terminal in raw mode, in which Ctrl-C arrives as a byte and means quit. */
export function terminalKeys(source: KeySource): Keys {
  const quitListeners: (() => void)[] = []
  let waiting: ((key: Key) => void) | undefined

  function read(data: Buffer): void {
    const key = meaning[data.toString('latin1')]
    if (key === undefined) return
    const resolve = waiting
    waiting = undefined
    if (key === 'quit') for (const listener of quitListeners) listener()
    resolve?.(key)
  }

  source.setRawMode?.(true)
  source.on('data', read)
  source.resume()
  return {
    next: (signal) => {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<Key>()
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      waiting = resolve
      return promise.finally(() => signal.removeEventListener('abort', abort))
    },
    onQuit: (listener) => quitListeners.push(listener),
    close: () => {
      source.off('data', read)
      source.setRawMode?.(false)
      source.pause()
    },
  }
}
