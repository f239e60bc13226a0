import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { Datapath, type ProgramName } from './datapath.ts'

const programs = [
  'from_pod',
  'to_wire',
  'from_wire',
  'from_overlay',
  'to_pod',
  'to_peer',
  'to_overlay',
] as const satisfies readonly ProgramName[]
/** The verifier gives up at a million. A tenth leaves room, and keeps an agent's start to milliseconds. */
const budget = 100_000

for (const program of programs)
  test(`${program} costs the verifier a small part of what it allows`, (context: TestContext) => {
    using datapath = new Datapath('strict')
    const verified = datapath.object.program(program).verifiedInstructions
    const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
    context.diagnostic(`${release}: ${program} ${verified} verified instructions`)
    assert.ok(verified > 0 && verified < budget, `${verified}`)
  })
