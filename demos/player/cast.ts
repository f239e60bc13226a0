import { writeFile } from 'node:fs/promises'
import type { Clock } from './clock.ts'
import { colour } from './style.ts'
import type { Surface } from './terminal.ts'

export interface CastHeader {
  readonly title: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly columns: number
  readonly rows: number
}

/** A terminal session in asciicast v2 form (docs.asciinema.org/manual/asciicast/v2): what every player can play. */
export class CastRecorder {
  readonly surface: Surface
  readonly #clock: Clock
  readonly #start: number
  readonly #lines: string[]

  constructor(header: CastHeader, clock: Clock) {
    this.#clock = clock
    this.#start = clock.now()
    const { columns: width, rows: height, timestamp, title } = header
    this.#lines = [
      JSON.stringify({ version: 2, width, height, timestamp, title, env: { TERM: 'xterm-256color' } }),
    ]
    // A recording plays the finished lines only: a line taken back again and again would fill it with nothing to see.
    this.surface = {
      write: (text) => this.#event('o', text.replaceAll('\n', '\r\n')),
      columns: width,
      live: false,
      style: colour,
    }
  }

  /** A place that players can jump to. */
  mark(label: string): void {
    this.#event('m', label)
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  async save(path: string): Promise<void> {
    await writeFile(path, this.text())
  }

  #event(code: 'o' | 'm', data: string): void {
    const seconds = (this.#clock.now() - this.#start) / 1000
    this.#lines.push(JSON.stringify([Number(seconds.toFixed(6)), code, data]))
  }
}
