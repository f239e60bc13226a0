import assert from 'node:assert/strict'
import test from 'node:test'
import { eksCost } from '../eks/prices.ts'
import { gkeCost } from '../gke/prices.ts'

test('the smallest cluster of each cloud costs what its parts do', () => {
  // 0.10 + 2 × (0.0416 + 0.005 + 20 × 0.08 / 730)
  assert.equal(eksCost({ nodes: 2, instanceType: 't3.medium' }).hourly.toFixed(4), '0.1976')
  // 0.10 + 2 × (0.067 + 0.005 + 30 × 0.04 / 730)
  assert.equal(gkeCost({ nodes: 2, machineType: 'e2-standard-2' }).hourly.toFixed(4), '0.2473')
})

test('a type of node that is not in the list is said to have no price', () => {
  assert.equal(eksCost({ nodes: 1, instanceType: 'u7i-12tb.224xlarge' }).isComplete, false)
  assert.equal(gkeCost({ nodes: 1, machineType: 'a3-highgpu-8g' }).isComplete, false)
})
