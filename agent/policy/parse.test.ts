import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePolicies } from './parse.ts'

const head = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n'
const withSpec = (spec: string) => parsePolicies(`${head}spec: ${spec}\n`)

test('the example of the documentation is understood', () => {
  const policies = parsePolicies(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: test-network-policy
  namespace: blue
  labels: {whatever: "1"}
spec:
  podSelector:
    matchLabels:
      role: db
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - ipBlock:
        cidr: 172.17.5.4/16
        except:
        - 172.17.1.0/24
    - namespaceSelector:
        matchLabels:
          project: myproject
      podSelector:
        matchExpressions:
        - {key: tier, operator: NotIn, values: [a, b]}
        - {key: app, operator: Exists}
    ports:
    - protocol: TCP
      port: 6379
  egress:
  - ports:
    - {port: dns, protocol: UDP}
    - {port: 32000, endPort: 32768}
    - {}
`)
  assert.deepEqual(policies, [
    {
      namespace: 'blue',
      name: 'test-network-policy',
      pods: [{ key: 'role', operator: 'In', values: ['db'] }],
      rules: {
        ingress: [
          {
            name: 'blue/test-network-policy/ingress/0',
            peers: [
              { ipBlock: { cidr: '172.17.0.0/16', except: ['172.17.1.0/24'] } },
              {
                pods: [
                  { key: 'tier', operator: 'NotIn', values: ['a', 'b'] },
                  { key: 'app', operator: 'Exists', values: [] },
                ],
                namespaces: [{ key: 'project', operator: 'In', values: ['myproject'] }],
              },
            ],
            ports: [{ protocol: 'TCP', port: 6379 }],
          },
        ],
        egress: [
          {
            name: 'blue/test-network-policy/egress/0',
            ports: [
              { protocol: 'UDP', port: 'dns' },
              { protocol: 'TCP', port: 32000, endPort: 32768 },
              { protocol: 'TCP' },
            ],
          },
        ],
      },
    },
  ])
})

test('without policyTypes a policy is about ingress, and about egress where it has such rules', () => {
  const directions = (spec: string) => Object.keys(withSpec(spec)[0]!.rules)
  assert.deepEqual(directions('{podSelector: {}}'), ['ingress'])
  assert.deepEqual(directions('{podSelector: {}, egress: []}'), ['ingress'])
  assert.deepEqual(directions('{podSelector: {}, egress: [{}]}'), ['ingress', 'egress'])
  assert.deepEqual(directions('{podSelector: {}, policyTypes: [], egress: [{}]}'), ['ingress', 'egress'])
  assert.deepEqual(directions('{podSelector: {}, policyTypes: [Egress]}'), ['egress'])
  assert.deepEqual(directions('{podSelector: {}, policyTypes: [Ingress], egress: [{}]}'), ['ingress'])
})

test('empty lists and none at all mean anyone and everything; no namespace is the default one', () => {
  const [policy] = withSpec('{ingress: [{from: [], ports: null}, {}]}')
  assert.deepEqual(policy, {
    namespace: 'default',
    name: 'web',
    pods: [],
    rules: { ingress: [{ name: 'default/web/ingress/0' }, { name: 'default/web/ingress/1' }] },
  })
})

test('a file holds any number of documents', () => {
  assert.deepEqual(parsePolicies(''), [])
  assert.deepEqual(parsePolicies('---\n# nothing\n---\n'), [])
  const two = parsePolicies(`${head}spec: {}\n---\n${head.replace('web', 'db')}spec: {}\n`)
  assert.deepEqual(
    two.map(({ name }) => name),
    ['web', 'db'],
  )
})

const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  .concat(
    [1, 2, 3].map(
      (level) =>
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
    ),
  )
  .join('\n')

const mistakes: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['no YAML', 'a: [', /^Flow sequence .* at line 1, column 5$/],
  ['a key twice', 'a: 1\na: 2', /^Map keys must be unique at line 2, column 1$/],
  ['an alias of nothing', 'a: *b', /^Unresolved alias/],
  ['aliases of aliases', bomb, /^Excessive alias count/],
  ['a list', '- 1', /^the document must be an object$/],
  ['another kind', head.replace('NetworkPolicy', 'Pod'), /^kind must be one of NetworkPolicy$/],
  ['another version', head.replace('v1', 'v2'), /^apiVersion must be one of networking.k8s.io\/v1$/],
  ['no name', head.replace('name: web', ''), /^metadata.name must be a string$/],
  ['a bad name', head.replace('web', 'Web'), /^metadata.name must consist of lower case/],
  ['the same twice', `${head}---\n${head}`, /^policy default\/web is there twice$/],
  ['the second document', `${head}---\n${head}spec: 1`, /^document 2: spec must be an object$/],
]

const specMistakes: readonly (readonly [spec: string, message: RegExp])[] = [
  ['{podselector: {}}', /^spec.podselector is not known; allowed are podSelector, ingress, egress, policy/],
  ['{policyTypes: [ingress]}', /^spec.policyTypes\[0\] must be one of Ingress, Egress$/],
  ['{ingress: {}}', /^spec.ingress must be a list$/],
  ['{ingress: [{to: []}]}', /^spec.ingress\[0\].to is not known; allowed are from, ports$/],
  [
    '{egress: [{to: [{}]}]}',
    /^spec.egress\[0\].to\[0\] must have podSelector, namespaceSelector or ipBlock;/,
  ],
  [
    '{ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}',
    /^spec.ingress\[0\].from\[0\] must have ipBlock or selectors, not both$/,
  ],
  [
    '{podSelector: {matchLabels: {app: 1}}}',
    /^spec.podSelector.matchLabels.app must be a string; write "1"$/,
  ],
  ['{podSelector: {matchLabels: {"a b": c}}}', /has "a b", which is not the key of a label$/],
  ['{podSelector: {matchLabels: {a: "b c"}}}', /a must be the value of a label: at most 63/],
  [
    '{podSelector: {matchExpressions: [{key: a, operator: in}]}}',
    /operator must be one of In, NotIn, Exists/,
  ],
  ['{podSelector: {matchExpressions: [{key: a, operator: In}]}}', /values must not be empty for In$/],
  [
    '{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}',
    /\[0\].values must be empty for Exists$/,
  ],
  [
    '{ingress: [{ports: [{port: 0}]}]}',
    /^spec.ingress\[0\].ports\[0\].port must be a whole number from 1 to/,
  ],
  ['{ingress: [{ports: [{port: "80"}]}]}', /port must be a number, or a name of at most 15 lower case/],
  ['{ingress: [{ports: [{protocol: tcp}]}]}', /protocol must be one of TCP, UDP, SCTP$/],
  ['{ingress: [{ports: [{port: http, endPort: 90}]}]}', /endPort needs a port that is a number$/],
  ['{ingress: [{ports: [{endPort: 90}]}]}', /endPort needs a port that is a number$/],
  ['{ingress: [{ports: [{port: 80, endPort: 79}]}]}', /endPort must be a whole number from 80 to 65535$/],
]

const cidrMistakes: readonly (readonly [block: string, message: RegExp])[] = [
  ['{cidr: 10.0.0.0}', /ipBlock.cidr must be a prefix such as 10.0.0.0\/8 or fd00::\/8$/],
  ['{cidr: 10.0.0.0/33}', /cidr must be a prefix/],
  ['{cidr: 10.0.0.0/08}', /cidr must be a prefix/],
  ['{cidr: "fe80::1%eth0/64"}', /cidr must be a prefix/],
  ['{cidr: "::ffff:10.0.0.0/104"}', /cidr must name IPv4 addresses as such/],
  ['{}', /cidr must be a string$/],
  ['{cidr: 10.0.0.0/8, except: [11.0.0.0/24]}', /except\[0\] must be a part of 10.0.0.0\/8$/],
  ['{cidr: 10.0.0.0/8, except: [10.0.0.0/8]}', /except\[0\] must be a part of 10.0.0.0\/8$/],
  ['{cidr: "::/0", except: [10.0.0.0/8]}', /except\[0\] must be a part of ::\/0$/],
]

for (const [what, text, message] of [
  ...mistakes,
  ...specMistakes.map(([spec, message]) => [spec, `${head}spec: ${spec}`, message] as const),
  ...cidrMistakes.map(
    ([block, message]) =>
      [block, `${head}spec: {ingress: [{from: [{ipBlock: ${block}}]}]}`, message] as const,
  ),
])
  test(`refused in one sentence: ${what}`, () => {
    assert.throws(() => parsePolicies(text), { message })
  })
