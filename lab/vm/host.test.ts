import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leastUsedCpu, parseCpuList, unusedUid, withSystemPrograms } from './host.ts'

test('an identity is chosen that no account has', () => {
  assert.equal(unusedUid('root:x:0:0::/root:/bin/sh\n'), 61_723)
  assert.equal(unusedUid('a:x:61723:1::/:/bin/sh\nb:x:61724:1::/:/bin/sh\n'), 61_725)
})

test('lists of CPUs are read as the kernel writes them', () => {
  assert.deepEqual(parseCpuList('0-2,5'), [0, 1, 2, 5])
  assert.deepEqual(parseCpuList('7'), [7])
})

test('a guest goes to a CPU with the fewest others', () => {
  const first = leastUsedCpu([])
  const second = leastUsedCpu([first, first])
  assert.ok(second !== first || leastUsedCpu([]) === first)
})

test('root’s programs are found by a user whose path leaves them out, after what the path has', () => {
  assert.equal(withSystemPrograms('/mine:/usr/bin'), '/mine:/usr/bin:/usr/local/sbin:/usr/sbin:/sbin')
  assert.equal(withSystemPrograms('/usr/sbin:/sbin'), '/usr/sbin:/sbin:/usr/local/sbin')
  assert.equal(withSystemPrograms(undefined), '/usr/local/sbin:/usr/sbin:/sbin')
})
