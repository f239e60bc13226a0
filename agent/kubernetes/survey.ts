import { writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { parseArgs } from 'node:util'
import { openXfrm } from '@wireproof/netlink'
import { requireSuite } from '../kernel/suite-probe.ts'
import { type SuiteName, suites } from '../keys/suite.ts'
import { AgentProblem } from '../problem.ts'

/** What a node can do, as it was found before any agent was there. */
export interface Survey {
  /** Why its kernel cannot encrypt; absent where it can. */
  readonly obstacle?: string
  /** The device that has the node's address. */
  readonly wire?: string
}

const string = { type: 'string' } as const
const { suite, address, report } = parseArgs({
  options: { suite: string, address: string, report: string },
}).values
const survey: Survey = { ...kernelObstacle(suite as SuiteName), ...deviceOf(address ?? '') }
if (report === undefined) process.stdout.write(JSON.stringify(survey))
else writeFileSync(report, JSON.stringify(survey))

function kernelObstacle(name: SuiteName): Pick<Survey, 'obstacle'> {
  using xfrm = openXfrm()
  try {
    requireSuite(xfrm, suites[name])
    return {}
  } catch (error) {
    if (!(error instanceof AgentProblem)) throw error
    return { obstacle: error.message }
  }
}

function deviceOf(wanted: string): Pick<Survey, 'wire'> {
  const [found] = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some((each) => each.address === wanted),
  ) ?? [undefined]
  return found === undefined ? {} : { wire: found }
}
