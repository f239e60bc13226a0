/** Whether an object's descriptors still are its own: after close() the kernel may have given the numbers to others. */
export class Lifetime {
  #open = true

  end(): void {
    this.#open = false
  }

  get open(): boolean {
    return this.#open
  }

  assert(what: string): void {
    if (!this.#open) throw new Error(`${what} belongs to a BPF object that is closed`)
  }
}
