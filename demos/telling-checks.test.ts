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
    result('policies-deleted/permissive', 'wire.no-canary', 'fails'),
    result('policies-deleted/permissive', 'sabotage.caught', 'holds'),
    result('policies-deleted/strict', 'wire.no-canary', 'holds'),
    result('policies-deleted/strict', 'sabotage.caught', 'holds'),
  ])
  assert.deepEqual(
    shown.map(({ id, state }) => `${state} ${id}`),
    [
      'holds control.seen',
      'holds wire.no-canary',
      'holds policies-deleted/permissive',
      'holds policies-deleted/strict',
    ],
  )
})

test('whatever says other than it must is shown too, and never as good news', () => {
  const shown = tellingChecks([
    result('control', 'wire.no-canary', 'holds'),
    result('encrypted', 'wire.counted', 'inconclusive'),
    result('policies-deleted/strict', 'wire.no-cleartext', 'fails'),
  ])
  assert.deepEqual(
    shown.map(({ id, state }) => `${state} ${id}`),
    [
      'inconclusive wire.no-canary (control)',
      'inconclusive wire.counted',
      'fails wire.no-cleartext (policies-deleted/strict)',
    ],
  )
})

test('of a change each check is shown for the arm that changed, and that the botched one was noticed', () => {
  const shown = tellingChecks([
    result('rotate', 'app.lossless', 'holds'),
    result('rotate/hasty', 'app.lossless', 'fails'),
    result('rotate/hasty', 'wire.no-cleartext', 'holds'),
    result('rotate/hasty', 'sabotage.caught', 'holds'),
  ])
  assert.deepEqual(
    shown.map(({ id, state }) => [id, state]),
    [
      ['app.lossless', 'holds'],
      ['rotate/hasty', 'holds'],
    ],
  )
})
