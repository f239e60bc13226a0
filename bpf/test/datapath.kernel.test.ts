import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BpfMap } from '@wireproof/libbpf'
import { Datapath, decryptedFrom, here, there } from './datapath.ts'
import { datagram } from './frames.ts'

const perCpuArray = 6
const ringBuffer = 27

/** What all its maps hold, in an order of its own, except for events, which {@link Datapath.run} has read. */
function contents(datapath: Datapath): string[] {
  const of = (map: BpfMap) =>
    map.type === perCpuArray
      ? [...map.entriesPerCpu()]
      : [...map.entries()].map(([key, value]) => [key, [value]] as const)
  return datapath.object
    .maps()
    .filter(({ type }) => type !== ringBuffer)
    .flatMap((map) =>
      of(map).map(([key, values]) =>
        [map.name, ...[key, ...values].map((each) => each.toString('hex'))].join(' '),
      ),
    )
    .sort()
}

test('a datapath that was loaded for another test knows nothing of it', () => {
  let used: unknown
  {
    using datapath = new Datapath('permissive', { overlay: true })
    used = datapath.object
    datapath.know('10.244.7.7/32', here.id, true)
    datapath.exempt(`${there.pod}/32`, there.id)
    datapath.exemptService(6, 179)
    datapath.placePod(here.pod)
    datapath.isolate(['ingress'])
    datapath.run('from_wire', datagram({ source: there.pod, destination: here.pod }), decryptedFrom(there.id))
    datapath.run('from_pod', datagram({ source: here.pod, destination: there.pod }))
  }
  using again = new Datapath('strict')
  assert.equal(again.object, used)
  using fresh = new Datapath('strict', { mapSizes: {} })
  assert.notEqual(fresh.object, used)
  assert.deepEqual(contents(again), contents(fresh))
})
