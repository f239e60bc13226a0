/** What became of one of upstream's cases. */
export interface CaseResult {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly seconds: number
  /** The first line of what went wrong. */
  readonly failure?: string
}

/** Of Ginkgo's report what is needed here. */
interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null
  readonly LeafNodeText: string
  readonly LeafNodeType: string
  readonly State: string
  readonly RunTime: number
  readonly Failure?: { readonly Message: string }
}

/**
 * The cases of a report in JSON, without those that were not asked for.
 *
 * @param asked whether a case, by its whole name, was to be run.
 */
export function resultsIn(json: string, asked: (name: string) => boolean): CaseResult[] {
  const suites = JSON.parse(json) as { SpecReports: readonly SpecReport[] | null }[]
  return suites
    .flatMap(({ SpecReports }) => SpecReports ?? [])
    .filter(({ LeafNodeType }) => LeafNodeType === 'It')
    .map((report) => resultOf(report))
    .filter(({ name }) => asked(name))
}

function resultOf(report: SpecReport): CaseResult {
  const { ContainerHierarchyTexts, LeafNodeText, State, RunTime, Failure } = report
  const outcome = State === 'passed' || State === 'skipped' ? State : 'failed'
  return {
    name: [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' '),
    outcome: State === 'pending' ? 'skipped' : outcome,
    seconds: Math.round(RunTime / 1e9),
    ...(Failure && { failure: Failure.Message.split('\n')[0]! }),
  }
}

/** What keeps a run from being as it is known to be: cases that fail unexpectedly, and those that are said to fail and do not. */
export function surprises(results: readonly CaseResult[], known: ReadonlyMap<string, string>): string[] {
  if (results.length === 0) return ['no case was run']
  return results.flatMap(({ name, outcome, failure }) => {
    if (outcome === 'failed' && !known.has(name)) return [`failed: ${name}: ${failure ?? 'it did not end'}`]
    if (outcome === 'passed' && known.has(name)) return [`passes by now, and is said to fail: ${name}`]
    return []
  })
}
