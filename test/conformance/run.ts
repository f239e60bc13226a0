/**
 * `npm run test:conformance`: upstream's own cases about NetworkPolicy, of Kubernetes' e2e suite, against our agents in a
 * cluster of kind. Arguments, if any, are a regular expression that the names of the cases to be run match. Ends with 1 where
 * a case fails that is not known to, or one does not that is, and with 3 where this machine cannot run them.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { assertCanBuildNode } from '../../images/node/requirements.ts'
import { Problem } from '../../lab/problem.ts'
import { standUpKindCluster } from '../kubernetes/kind-cluster.ts'
import { writeAgnhostImage } from './agnhost-image.ts'
import { knownFailures } from './known-failures.ts'
import { obtainProgram } from './programs.ts'
import { type CaseResult, resultsIn, surprises } from './results.ts'

const report = (line: string) => process.stderr.write(`${line}\n`)
/** At once; they spend most of their time waiting for probes that nobody answers. */
const processes = 3
const suite = String.raw`\[sig-network\] Netpol`
const focus = process.argv[2] ?? suite

/** Whether pods can open sockets of SCTP at all; a kernel that has it as a module loads it here. */
function hasSctp(): boolean {
  spawnSync('modprobe', ['sctp'])
  return /^SCTP\b/m.test(readFileSync('/proc/net/protocols', 'utf8'))
}

async function main(): Promise<number> {
  await assertCanBuildNode()
  const ginkgo = await obtainProgram('ginkgo', report)
  const agnhost = await obtainProgram('agnhost', report)
  const e2e = await obtainProgram('e2e.test', report)
  const skip = hasSctp() ? undefined : 'Feature:SCTPConnectivity'
  const evidence = join(process.cwd(), 'evidence', 'conformance')
  mkdirSync(evidence, { recursive: true })
  report('a cluster of kind with one control plane and two workers …')
  const cluster = await standUpKindCluster({
    name: 'wireproof-conformance',
    workers: 2,
    // What is judged is policy; it must be possible where the kernel cannot encrypt.
    settings: { encryptL3: false },
    archives: [await writeAgnhostImage(agnhost, evidence)],
  })
  try {
    const argv = [
      `--procs=${processes}`,
      '--no-color',
      '--succinct',
      `--output-dir=${evidence}`,
      '--json-report=report.json',
      '--timeout=2h',
      `--focus=${focus}`,
      ...(skip === undefined ? [] : [`--skip=${skip}`]),
      e2e,
      '--',
      `--kubeconfig=${cluster.kubeconfig}`,
      '--disable-log-dump',
      '--dump-logs-on-failure=false',
    ]
    report(`${ginkgo} ${argv.join(' ')}`)
    spawnSync(ginkgo, argv, { stdio: 'inherit', cwd: dirname(e2e) })
    const [wanted, unwanted] = [new RegExp(focus), skip === undefined ? undefined : new RegExp(skip)]
    const asked = (name: string) => wanted.test(name)
    const results = resultsIn(readFileSync(join(evidence, 'report.json'), 'utf8'), asked)
    tell(results, unwanted)
    const unexpected = surprises(results, knownFailures)
    for (const each of unexpected) report(each)
    return unexpected.length > 0 ? 1 : 0
  } finally {
    await cluster.dispose()
  }
}

function tell(results: readonly CaseResult[], unwanted: RegExp | undefined): void {
  const count = (outcome: CaseResult['outcome']) => results.filter((each) => each.outcome === outcome).length
  for (const { name, outcome, seconds } of results)
    process.stdout.write(`${outcome}\t${seconds} s\t${name}\n`)
  process.stdout.write(
    `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} left out of ${results.length}\n`,
  )
  if (unwanted && count('skipped') > 0)
    process.stdout.write('left out: this kernel has no SCTP, so no pod can open a socket of it\n')
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Problem)) throw error
  report(`${error.message}${error.remedy === undefined ? '' : `\n  ${error.remedy}`}`)
  process.exitCode = error.exitCode
}
