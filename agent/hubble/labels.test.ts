import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSelector } from './labels.ts'

const web = ['k8s:app=web', 'k8s:tier=front', 'k8s:example.com/part=ui', 'k8s:size=3', 'k8s:empty=']
const host = ['reserved:host']

const selectors: readonly (readonly [selector: string, ofWeb: boolean, ofHost: boolean])[] = [
  ['', true, true],
  ['app', true, false],
  ['!app', false, true],
  ['! app', false, true],
  ['app=web', true, false],
  ['app==web', true, false],
  ['app = web', true, false],
  ['app=we', false, false],
  ['app!=web', false, true],
  ['app!=db', true, true],
  ['empty=', true, false],
  ['app in (db, web)', true, false],
  ['app  in (db,api)', false, false],
  ['app notin (db, api)', true, true],
  ['app notin (web)', false, true],
  ['app=web,tier=front', true, false],
  ['app in (web,db), tier!=back', true, false],
  ['app=web,tier=back', false, false],
  ['example.com/part=ui', true, false],
  ['k8s:app=web', true, false],
  ['any:app=web', true, false],
  ['reserved:app=web', false, false],
  ['reserved:host', false, true],
  ['host', false, true],
  ['size>2', true, false],
  ['size > 3', false, false],
  ['size<4', true, false],
]
for (const [selector, ofWeb, ofHost] of selectors)
  test(`the selector ${JSON.stringify(selector)}`, () => {
    const matches = parseSelector(selector)
    assert.deepEqual([matches(web), matches(host)], [ofWeb, ofHost])
  })

for (const selector of [
  'app=a=b',
  'app=a b',
  'in (a)',
  'app in web',
  'app in (web',
  'app=web,',
  ',',
  '=',
  '-app',
])
  test(`no selector: ${JSON.stringify(selector)}`, () =>
    assert.throws(() => parseSelector(selector), { code: 3, details: /is no label selector/ }))
