import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examine } from './examine.ts'

test('everything that decides is looked at, and what is amiss comes with a remedy', async () => {
  const findings = await examine()
  const looked = findings.map(({ what }) => what)
  for (const what of [
    'kernel for labs',
    'privileges',
    'ESP in this kernel',
    'KVM',
    'disk space',
    'node',
    'tcpdump',
  ]) {
    assert.ok(looked.includes(what), what)
  }
  assert.equal(new Set(looked).size, looked.length)
  for (const finding of findings) {
    assert.notEqual(finding.detail, '')
    if (!finding.ok) assert.ok(finding.remedy, finding.what)
  }
})
