import { type CheckResult, expectedState, type Judgement, type RunFacts } from '../proof/index.ts'
import { escapeMarkup } from '../report/html.ts'

/** The judgement for CI systems: a suite per arm, a case per check; a check that must fail and does has passed. */
export function junit(facts: RunFacts, judgement: Judgement): string {
  const suites = facts.arms.map(({ name, started, ended }) => {
    const results = judgement.checks.filter(({ arm }) => arm === name)
    const failed = results.filter((result) => outcome(result) === 'failure').length
    const errors = results.filter((result) => outcome(result) === 'error').length
    const seconds = Number(BigInt(ended) - BigInt(started)) / 1e9
    return [
      `  <testsuite name="${escapeMarkup(`${facts.demo}/${name}`)}" tests="${results.length}" failures="${failed}" errors="${errors}" time="${seconds.toFixed(3)}">`,
      ...properties(facts, judgement, name),
      ...results.map((result) => testcase(facts.demo, result)),
      '  </testsuite>',
    ].join('\n')
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="wireproof ${escapeMarkup(facts.demo)}">\n${suites.join('\n')}\n</testsuites>\n`
}

function properties(facts: RunFacts, judgement: Judgement, arm: RunFacts['arms'][number]['name']): string[] {
  const all: Record<string, string> = {
    verdict: judgement.verdict,
    'arm.verdict': judgement.arms[arm]?.verdict ?? '',
    kernel: facts.kernel.release,
    machine: facts.kernel.machine,
    ...facts.versions,
  }
  return [
    '    <properties>',
    ...Object.entries(all).map(
      ([name, value]) => `      <property name="${escapeMarkup(name)}" value="${escapeMarkup(value)}"/>`,
    ),
    '    </properties>',
  ]
}

function outcome({ arm, id, state }: CheckResult): 'passed' | 'failure' | 'error' {
  if (state === expectedState(arm, id)) return 'passed'
  return state === 'inconclusive' ? 'error' : 'failure'
}

function testcase(demo: string, result: CheckResult): string {
  const how = outcome(result)
  const name = escapeMarkup(result.id)
  const classname = escapeMarkup(`wireproof.${demo}.${result.arm}`)
  if (how === 'passed')
    return `    <testcase name="${name}" classname="${classname}"><system-out>${escapeMarkup(result.says)}</system-out></testcase>`
  const frames = result.offenders.map(
    ({ file, frame, interface: on, why }) => `${file} frame ${frame} on ${on}: ${why}`,
  )
  return `    <testcase name="${name}" classname="${classname}"><${how} type="${result.state}" message="${escapeMarkup(result.says)}">${escapeMarkup(frames.join('\n'))}</${how}></testcase>`
}
