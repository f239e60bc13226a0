import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { ClusterPod } from '../cluster/state.ts'
import { identityOf } from '../plan/identity.ts'
import { PolicyEnforcement } from './enforcement.ts'
import { parsePolicies } from './parse.ts'
import { attempts, manifests, namespaceLabels, type Pod, pods } from './test/arbitrary.ts'
import { type Attempt, type Manifest, mayReceive, maySend, type NamespaceLabels } from './test/reference.ts'
import { SimulatedMaps } from './test/simulated-maps.ts'

interface Situation {
  readonly cluster: readonly Pod[]
  readonly policies: readonly Manifest[]
  readonly namespaces: NamespaceLabels
}

const situations = fc.record({ cluster: pods, policies: manifests, namespaces: namespaceLabels })

/** As the cluster store would tell it, through YAML. Pods are named and have devices by their places. */
function told({ cluster, policies, namespaces }: Situation) {
  const text = policies.map((policy) => stringify(policy)).join('---\n')
  return {
    pods: byName(
      cluster.map(({ address, pod }, index) => ({
        name: `pod${index}`,
        node: 'n1',
        addresses: [address],
        ...pod,
      })),
    ),
    namespaces: new Map(Object.entries(namespaces)),
    policies: new Map([['all', parsePolicies(text)]]),
  }
}

function byName(pods: readonly ClusterPod[]): Map<string, ClusterPod> {
  return new Map(pods.map((pod) => [pod.name, pod]))
}

function enforce(maps: SimulatedMaps, situation: Situation): PolicyEnforcement {
  const enforcement = new PolicyEnforcement(maps)
  enforcement.update(told(situation))
  situation.cluster.forEach((_, device) => {
    enforcement.guard(device, `pod${device}`)
  })
  return enforcement
}

type Try = Attempt & { readonly subject: Pod }

function judged(maps: SimulatedMaps, { cluster }: Situation, attempt: Try): number | undefined {
  const sends = attempt.from === attempt.subject
  const other = sends ? attempt.to : attempt.from
  return maps.judge(
    cluster.indexOf(attempt.subject),
    sends ? 'egress' : 'ingress',
    other.pod ? identityOf(other.pod) : 0,
    { ...attempt, remote: other.address },
  )
}

function allowed({ policies, namespaces }: Situation, attempt: Try): boolean {
  const may = attempt.from === attempt.subject ? maySend : mayReceive
  return may(attempt, [...policies], namespaces)
}

const manyAttempts = (cluster: readonly Pod[], count = 30) =>
  fc.array(attempts(cluster), { minLength: count, maxLength: count })

test('what the maps allow is what NetworkPolicy, read out loud, allows', () => {
  const seen = { allowed: 0, denied: 0 }
  fc.assert(
    fc.property(
      situations.chain((situation) => fc.tuple(fc.constant(situation), manyAttempts(situation.cluster))),
      ([situation, tries]) => {
        const maps = new SimulatedMaps()
        enforce(maps, situation)
        for (const attempt of tries) {
          const expected = allowed(situation, attempt)
          seen[expected ? 'allowed' : 'denied']++
          assert.equal(judged(maps, situation, attempt) !== undefined, expected, JSON.stringify(attempt))
        }
      },
    ),
    { numRuns: 300 },
  )
  // Neither answer alone would say anything.
  assert.ok(seen.allowed > 1000 && seen.denied > 1000, JSON.stringify(seen))
})

test('the rule that is told allows it alone', () => {
  fc.assert(
    fc.property(
      situations.chain((situation) => fc.tuple(fc.constant(situation), manyAttempts(situation.cluster))),
      ([situation, tries]) => {
        const maps = new SimulatedMaps()
        const enforcement = enforce(maps, situation)
        for (const attempt of tries) {
          const rule = judged(maps, situation, attempt)
          if (!rule) continue
          const [namespace, name, direction, index] = enforcement.ruleName(rule)!.split('/')
          const policy = situation.policies.find(
            ({ metadata }) => metadata.name === name && (metadata.namespace ?? 'default') === namespace,
          )!
          const only = { ...policy.spec, [direction!]: [policy.spec[direction!][Number(index)]] }
          assert.ok(allowed({ ...situation, policies: [{ ...policy, spec: only }] }, attempt))
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('while policies and pods change, what both allow is never denied, what neither allows is never allowed', () => {
  let steps = 0
  const changes = fc
    .tuple(pods, namespaceLabels, manifests, manifests, fc.boolean())
    .chain(([cluster, namespaces, first, second, addsOnly]) =>
      fc.record({
        before: fc.constant({ cluster, namespaces, policies: first }),
        after: fc.constant({
          cluster,
          namespaces,
          policies: addsOnly ? [...first, ...renamed(second)] : second,
        }),
        tries: manyAttempts(cluster, 10),
      }),
    )
  fc.assert(
    fc.property(changes, ({ before, after, tries }) => {
      const maps = new SimulatedMaps()
      const enforcement = enforce(maps, before)
      const answers = tries.map((attempt) => [allowed(before, attempt), allowed(after, attempt)])
      maps.afterWrite = () => {
        steps++
        tries.forEach((attempt, index) => {
          const [then, later] = answers[index]!
          if (then === later) assert.equal(judged(maps, before, attempt) !== undefined, then)
        })
      }
      enforcement.update(told(after))
      maps.afterWrite = () => {}
      for (const [index, attempt] of tries.entries())
        assert.equal(judged(maps, after, attempt) !== undefined, answers[index]![1])
    }),
    { numRuns: 200 },
  )
  assert.ok(steps > 1000)
})

test('after any changes the maps hold what a fresh start would write', () => {
  fc.assert(
    fc.property(fc.array(situations, { minLength: 2, maxLength: 4 }), (history) => {
      const maps = new SimulatedMaps()
      const enforcement = new PolicyEnforcement(maps)
      for (const situation of history) {
        enforcement.update(told(situation))
        for (let device = 0; device < 6; device++)
          if (device < situation.cluster.length) enforcement.guard(device, `pod${device}`)
          else enforcement.release(device)
      }
      const fresh = new SimulatedMaps()
      enforce(fresh, history.at(-1)!)
      assert.equal(maps.entries, fresh.entries)
      assert.equal(maps.pods.size, fresh.pods.size)
    }),
    { numRuns: 200 },
  )
})

test('a write that fails is made up for', () => {
  fc.assert(
    fc.property(
      situations.chain((situation) =>
        fc.tuple(fc.constant(situation), manifests, manyAttempts(situation.cluster, 10), fc.nat(20)),
      ),
      ([before, policies, tries, failAt]) => {
        const after = { ...before, policies }
        const maps = new SimulatedMaps()
        const enforcement = enforce(maps, before)
        const until = maps.writes + failAt
        maps.beforeWrite = () => {
          if (maps.writes === until) throw new Error('no memory')
        }
        const text = told(after)
        try {
          enforcement.update(text)
        } catch (error) {
          assert.equal((error as Error).message, 'no memory')
        }
        maps.beforeWrite = () => {}
        enforcement.update(text)
        for (const attempt of tries)
          assert.equal(judged(maps, after, attempt) !== undefined, allowed(after, attempt))
        const fresh = new SimulatedMaps()
        enforce(fresh, after)
        assert.equal(maps.entries, fresh.entries)
      },
    ),
    { numRuns: 200 },
  )
})

function renamed(policies: readonly Manifest[]): Manifest[] {
  return policies.map((policy) => ({
    ...policy,
    metadata: { ...policy.metadata, name: `q${policy.metadata.name}` },
  }))
}

const web = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'web' },
  spec: { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'a' } } }] }] },
}

function pod(name: string, labels: Record<string, string>): ClusterPod {
  return { name, node: 'n1', addresses: [`10.0.1.${name.length}`], labels }
}

test('what has not changed is not written again, and pods like others cost nothing', () => {
  const maps = new SimulatedMaps()
  const enforcement = new PolicyEnforcement(maps)
  const policies = new Map([['web', parsePolicies(stringify(web))]])
  const known = [pod('x', { app: 'x' }), pod('aa', { app: 'a' })]
  const update = (...more: ClusterPod[]) => {
    const before = maps.writes
    enforcement.update({ pods: byName([...known, ...more]), namespaces: new Map(), policies })
    return maps.writes - before
  }
  update()
  enforcement.guard(1, 'x')
  const set = maps.pods.get(1)!.set
  assert.equal(update(), 0)
  assert.equal(update(pod('aaa', { app: 'a' })), 0)
  assert.equal(update(pod('aaa', { app: 'a', tier: 'b' })), 1, 'a new identity is one more entry')
  assert.equal(maps.pods.get(1)!.set, set, 'in the set that is in force')
  assert.equal(update(), 1, 'and one less when nobody has it any more')
  assert.equal(maps.pods.get(1)!.set, set, 'for which no session is judged again')
})

test('a policy that allows less is another set, which sessions are judged again by', () => {
  const maps = new SimulatedMaps()
  const enforcement = new PolicyEnforcement(maps)
  const cluster = { pods: byName([pod('x', { app: 'x' }), pod('aa', { app: 'a' })]), namespaces: new Map() }
  enforcement.update({ ...cluster, policies: new Map([['web', parsePolicies(stringify(web))]]) })
  enforcement.guard(1, 'x')
  const { set } = maps.pods.get(1)!
  const none = { ...web, spec: { ingress: [] } }
  enforcement.update({ ...cluster, policies: new Map([['web', parsePolicies(stringify(none))]]) })
  assert.notEqual(maps.pods.get(1)!.set, set)
  assert.equal(maps.entries, 0)
})

test('a device whose pod the cluster does not know has no policy, which denies', () => {
  const maps = new SimulatedMaps()
  const enforcement = new PolicyEnforcement(maps)
  enforcement.update({ pods: new Map(), namespaces: new Map(), policies: new Map() })
  enforcement.guard(1, 'x')
  assert.equal(maps.pods.size, 0)
  const x = pod('x', {})
  enforcement.update({ pods: byName([x]), namespaces: new Map(), policies: new Map() }, [
    { before: undefined, after: x },
  ])
  assert.deepEqual(maps.pods.get(1)?.isolated, [])
  enforcement.release(1)
  assert.equal(maps.pods.size, 0)
})

test('a policy that selects no pod is told of, until there is one', () => {
  const enforcement = new PolicyEnforcement(new SimulatedMaps())
  const policies = new Map([
    [
      'web',
      parsePolicies(
        stringify({
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: 'web' },
          spec: { podSelector: { matchLabels: { app: 'web' } } },
        }),
      ),
    ],
  ])
  const cluster = { namespaces: new Map(), policies }
  const pod = (name: string) => ({ name, node: 'n1', addresses: ['10.0.1.2'], labels: { app: name } })
  enforcement.update({ ...cluster, pods: byName([pod('db')]) })
  assert.deepEqual(enforcement.idle(), [
    'policy default/web selects no pod, and changes nothing until it does',
  ])
  enforcement.update({ ...cluster, pods: byName([pod('web')]) })
  assert.deepEqual(enforcement.idle(), [])
})
