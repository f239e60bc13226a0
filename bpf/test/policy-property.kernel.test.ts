import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { policyMaps } from '../../agent/kernel/policy-maps.ts'
import { identityOf } from '../../agent/plan/identity.ts'
import { PolicyEnforcement } from '../../agent/policy/enforcement.ts'
import { parsePolicies } from '../../agent/policy/parse.ts'
import { attempts, manifests, namespaceLabels, pods } from '../../agent/policy/test/arbitrary.ts'
import { mayReceive, maySend } from '../../agent/policy/test/reference.ts'
import { Datapath, here, testDevice } from './datapath.ts'
import { protocols } from './frames.ts'
import { datagram, echo, flags, segment } from './sessions.ts'

const situations = fc
  .record({ cluster: pods, policies: manifests, namespaces: namespaceLabels })
  .chain((situation) =>
    fc.tuple(fc.constant(situation), fc.array(attempts(situation.cluster), { minLength: 10, maxLength: 10 })),
  )

const decisions = { egress: 'from_pod', ingress: 'to_pod' } as const
const numbers = { TCP: protocols.tcp, UDP: protocols.udp, SCTP: protocols.sctp } as const

test('the kernel decides about any packet as NetworkPolicy, read out loud, does', () => {
  const seen = { allowed: 0, denied: 0 }
  // All pods are this node's and take their turns behind the one device; sessions of one turn are none of the next.
  using datapath = new Datapath('strict')
  const maps = policyMaps((name) => datapath.object.map(name))
  fc.assert(
    fc.property(situations, ([{ cluster, policies, namespaces }, tries]) => {
      const told = {
        pods: new Map(
          cluster.map(({ address, pod }, index) => [
            `${index}`,
            { name: `${index}`, node: 'n1', addresses: [address], ...pod },
          ]),
        ),
        namespaces: new Map(Object.entries(namespaces)),
        policies: new Map([
          ['all', parsePolicies(policies.map((policy) => stringify(policy)).join('---\n'))],
        ]),
      }
      const enforcement = new PolicyEnforcement(maps)
      enforcement.update(told)
      for (const { address, pod } of cluster) datapath.know(address, here.id, true, identityOf(pod))
      tries.forEach((attempt, turn) => {
        const { subject, from, to, protocol, port } = attempt
        enforcement.guard(testDevice, `${cluster.indexOf(subject)}`)
        for (const [key] of datapath.object.map('sessions').entries())
          datapath.object.map('sessions').delete(key)
        const addresses = { source: from.address, destination: to.address }
        if (addresses.source.includes(':') !== addresses.destination.includes(':')) return
        const direction = from === subject ? 'egress' : 'ingress'
        const frame =
          protocol === 'ICMP'
            ? echo(addresses, 'request', turn)
            : protocol === 'TCP'
              ? segment(addresses, 40_000, port, flags.syn)
              : datagram(addresses, 40_000, port, numbers[protocol])
        const { decision } = datapath.run(decisions[direction], frame)
        const expected = (direction === 'egress' ? maySend : mayReceive)(attempt, policies, namespaces)
        assert.equal(!decision.endsWith('policy-denied'), expected, `${JSON.stringify(attempt)}: ${decision}`)
        seen[expected ? 'allowed' : 'denied']++
      })
      enforcement.release(testDevice)
      enforcement.update({ ...told, policies: new Map() })
      for (const { address } of cluster) datapath.forget(address)
      assert.equal([...datapath.object.map('policies').entries()].length, 0)
    }),
    { numRuns: 150 },
  )
  assert.ok(seen.allowed > 100 && seen.denied > 100, JSON.stringify(seen))
})
