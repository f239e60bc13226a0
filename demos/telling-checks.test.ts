import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ArmName, CheckId, CheckResult, CheckState } from './proof/index.ts'
import { tellingChecks } from './telling-checks.ts'

function result(arm: ArmName, id: CheckId, state: CheckState): CheckResult {
  return { arm, id, state, says: `${id} in ${arm}.`, numbers: {}, offenders: [] }
}

test('each check is shown for the arm that it is about', () => {
  const shown = tellingChecks([
    result('control', 'wire.no-canary', 'fails'),
    result('control', 'control.seen', 'holds'),
    result('encrypted', 'wire.no-canary', 'holds'),
    result('sabotage-permissive', 'wire.no-canary', 'fails'),
    result('sabotage-permissive', 'sabotage.caught', 'holds'),
    result('sabotage-strict', 'wire.no-canary', 'holds'),
    result('sabotage-strict', 'sabotage.caught', 'holds'),
  ])
  assert.deepEqual(
    shown.map(({ id, state }) => `${state} ${id}`),
    [
      'holds control.seen',
      'holds wire.no-canary',
      'holds sabotage.caught (permissive)',
      'holds sabotage.caught (strict)',
    ],
  )
})

test('whatever says other than it must is shown too, and never as good news', () => {
  const shown = tellingChecks([
    result('control', 'wire.no-canary', 'holds'),
    result('encrypted', 'wire.counted', 'inconclusive'),
    result('sabotage-strict', 'wire.no-cleartext', 'fails'),
  ])
  assert.deepEqual(
    shown.map(({ id, state }) => `${state} ${id}`),
    [
      'inconclusive wire.no-canary (control)',
      'inconclusive wire.counted',
      'fails wire.no-cleartext (strict)',
    ],
  )
})
