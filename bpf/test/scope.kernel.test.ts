import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Datapath,
  decryptedFrom,
  here,
  type Mode,
  type ProgramName,
  there,
  unclaimed,
  world,
} from './datapath.ts'
import { datagram, ethernet, icmp, ipv4, protocols, udp, vxlan } from './frames.ts'

const out = { source: here.pod, destination: there.pod }
const back = { source: there.pod, destination: here.pod }
const nodes = { source: here.underlay, destination: there.underlay }

/** Which of the two pods no policy covers. */
const uncovered = {
  'both are out of scope': [here, there],
  'only the one here is': [here],
  'only the one there is': [there],
} as const

function datapath(mode: Mode, exempt: readonly (typeof here | typeof there)[]): Datapath {
  const datapath = new Datapath(mode)
  for (const { pod, id } of exempt) datapath.exempt(pod, id)
  return datapath
}

const paths: readonly (readonly [ProgramName, string, Buffer])[] = [
  ['from_pod', 'a packet', datagram(out)],
  ['to_wire', 'a packet', datagram(out)],
  ['to_wire', 'VXLAN with a packet', ethernet('ipv4', ipv4(nodes, protocols.udp, vxlan(datagram(out))))],
  ['from_wire', 'a packet', datagram(back)],
  [
    'from_wire',
    'an ICMP error that quotes a packet',
    ethernet(
      'ipv4',
      ipv4(
        { source: there.underlay, destination: here.pod },
        protocols.icmp,
        icmp(11, ipv4(out, protocols.udp, udp(9))),
      ),
    ),
  ],
  ['to_pod', 'a packet', datagram(back)],
]

for (const [program, what, frame] of paths) {
  const hook = program.replace('_', '-')
  for (const mode of ['strict', 'permissive', 'off'] as const)
    test(`${mode}: ${hook} lets ${what} between two pods out of scope pass in clear, without a mark`, () => {
      using kernel = datapath(mode, [here, there])
      const { passed, decision, mark } = kernel.run(program, frame)
      assert.deepEqual([passed, decision, mark], [true, `${hook}/forwarded/out-of-scope`, 0])
    })

  for (const [which, exempt] of Object.entries(uncovered).slice(1))
    test(`${hook}: one end in scope is enough: ${what} when ${which}`, () => {
      using kernel = datapath('strict', exempt)
      const { passed, decision } = kernel.run(program, frame)
      if (program === 'from_pod') assert.deepEqual([passed, decision], [true, 'from-pod/encrypted/protected'])
      else assert.equal(passed, false, decision)
    })

  test(`${hook}: until the agent has spoken ${what} out of scope is dropped as well`, () => {
    using kernel = datapath('unconfigured', [here, there])
    assert.equal(kernel.run(program, frame).passed, false)
  })
}

test('what was encrypted all the same arrives', () => {
  using kernel = datapath('strict', [here, there])
  for (const program of ['from_wire', 'to_pod'] as const) {
    const { passed, decision } = kernel.run(program, datagram(back), decryptedFrom(there.id))
    assert.deepEqual([passed, decision], [true, `${program.replace('_', '-')}/decrypted/protected`])
  }
})

test('a pod out of scope gets no more rights: it spoofs nobody, reaches no unclaimed address, and speaks to no other node', () => {
  using kernel = datapath('strict', [here, there])
  const decisions = [
    kernel.run('from_pod', datagram({ ...out, source: there.pod })),
    kernel.run('from_pod', datagram({ ...out, destination: unclaimed })),
    kernel.run('from_wire', datagram({ source: there.pod, destination: here.underlay })),
    kernel.run('from_wire', datagram({ source: world, destination: here.pod })),
  ].map(({ decision }) => decision)
  assert.deepEqual(decisions, [
    'from-pod/dropped/spoofed-source',
    'from-pod/dropped/unknown-node',
    'from-wire/dropped/clear-from-wire',
    'from-wire/dropped/clear-from-wire',
  ])
})
