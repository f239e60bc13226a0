/** What is to be said of one packet. */
export interface Story {
  readonly title: string
  readonly facts: readonly Fact[]
  /** What has to be known besides, such as that a key is missing. */
  readonly doubts: readonly string[]
}

export interface Fact {
  readonly about: string
  readonly says: string
}

/** Leaves out what there is nothing to say of. */
export function facts(...entries: readonly (readonly [about: string, says: string | undefined])[]): Fact[] {
  return entries.flatMap(([about, says]) => (says === undefined ? [] : [{ about, says }]))
}

/** One line per fact, its text wrapped beside it. */
export function tell({ title, facts, doubts }: Story, width: number): string {
  const column = Math.max(...facts.map(({ about }) => about.length), 0) + 2
  const rows = facts.map(({ about, says }) => {
    const [first = '', ...rest] = wrap(says, Math.max(24, width - column))
    return [about.padEnd(column) + first, ...rest.map((line) => ' '.repeat(column) + line)].join('\n')
  })
  return [title, '', ...rows, ...doubts.flatMap((doubt) => ['', ...wrap(doubt, width)])].join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
