/** @throws RangeError when there are no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values have no median')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export type Times = ReadonlyMap<string, readonly number[]>

/** Lets each contender run once a round, so that what else the machine does meets all of them. @returns their seconds. */
export async function takeTurns(
  rounds: number,
  contenders: Readonly<Record<string, () => Promise<number> | number>>,
): Promise<Times> {
  const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(contenders)) times.get(name)!.push(await run())
  return times
}

/** A table of medians with their spread, and of ratios against one contender: the peer's time over each one's. */
export function reportAgainst(peer: string, times: Times, { packets }: { packets: number }): string {
  const reference = median(times.get(peer)!)
  const rows = [...times].map(([name, seconds]) => [
    name,
    median(seconds).toFixed(3),
    `${Math.min(...seconds).toFixed(3)} to ${Math.max(...seconds).toFixed(3)}`,
    Math.round(packets / median(seconds)).toLocaleString('en'),
    `${(reference / median(seconds)).toFixed(2)}x`,
  ])
  return table(['', 'median s', 'spread', 'packets/s', `against ${peer}`], rows)
}

/** Rows under headings, as aligned text: the first column to the left, the others to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n')
}
