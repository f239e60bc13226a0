const limit = 64 * 1024

/** The last of what a kernel printed, for when it does not come up or goes down. */
export class ConsoleLog {
  #text = ''
  #listener: ((text: string) => void) | undefined

  add(bytes: Buffer): void {
    const text = bytes.toString('latin1').replaceAll('\r', '')
    this.#text = (this.#text + text).slice(-limit)
    this.#listener?.(text)
  }

  /** Passes on what is printed from now on. */
  listen(listener: (text: string) => void): void {
    this.#listener = listener
  }

  get text(): string {
    return this.#text
  }

  /** What explains an end best: the kernel's own reason where it gave one, else the last lines. */
  lastWords(): string {
    const lines = this.#text.trimEnd().split('\n')
    const panic = lines.findIndex((line) => line.includes('Kernel panic'))
    return (panic < 0 ? lines.slice(-12) : lines.slice(panic, panic + 2)).join('\n')
  }
}
