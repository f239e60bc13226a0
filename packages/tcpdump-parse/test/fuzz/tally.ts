export type Counts = Record<string, Record<string, number>>

/** How often what happened, so that one can see how deep the cases reach. */
export class Tally {
  readonly counts: Counts = {}

  add(group: string, what: string, times = 1): void {
    this.counts[group] ??= {}
    const counts = this.counts[group]
    counts[what] = (counts[what] ?? 0) + times
  }

  addAll(counts: Counts): void {
    for (const [group, each] of Object.entries(counts))
      for (const [what, times] of Object.entries(each)) this.add(group, what, times)
  }
}
