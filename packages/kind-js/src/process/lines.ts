import { StringDecoder } from 'node:string_decoder'

/** Cuts a stream of bytes into lines, wherever its chunks end. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  write(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#onLine(line)
  }

  end(): void {
    const last = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (last !== '') this.#onLine(last)
  }
}

/** The last so many lines, without the empty ones. */
export class Tail {
  readonly #most: number
  readonly lines: string[] = []

  constructor(most: number) {
    this.#most = most
  }

  add(line: string): void {
    const text = line.trimEnd()
    if (text === '') return
    this.lines.push(text)
    if (this.lines.length > this.#most) this.lines.shift()
  }
}
