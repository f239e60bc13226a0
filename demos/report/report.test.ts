import assert from 'node:assert/strict'
import { test } from 'node:test'
import { botchOf, changeKinds, judge, observe } from '../proof/index.ts'
import { armOf, inject, provenRun, type SyntheticRun } from '../proof/synthetic.ts'
import { ethernet, ipv4, udp } from '../proof/synthetic-packet.ts'
import { armTitle } from './arm-words.ts'
import { html } from './html.ts'
import { renderReport } from './report.ts'

function page(change?: (run: SyntheticRun) => void): string {
  const run = provenRun()
  change?.(run)
  const view = observe(run)
  return renderReport(view, judge(view), {
    created: new Date('2026-11-24T03:45:00Z'),
    directory: '/somewhere/evidence/synthetic-1',
  })
}

const leak = (run: SyntheticRun) =>
  inject(run, 'encrypted', 'wire/a', ethernet(ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.alloc(4)))))

test('values are escaped unless they are markup', () => {
  const markup = html`<b>${'<i>'}</b>`
  assert.equal(
    html`<p title="${'"a" & b'}">${markup}${['<', 1]}${undefined}${false}</p>`.text,
    '<p title="&quot;a&quot; &amp; b"><b>&lt;i&gt;</b>&lt;1</p>',
  )
})

test('the verdict is the first heading, and the command that rechecks it is there', () => {
  const text = page()
  assert.match(text, /<h1>PROVEN<\/h1>/)
  assert.ok(text.indexOf('<h1>') < text.indexOf('<h2'))
  assert.match(text, /npx wireproof verify evidence\/synthetic-1</)
})

test('the page needs nothing but itself', () => {
  const text = page()
  assert.doesNotMatch(text, /<script|<link|<img|@import|url\((?!#)|(?:src|href)=/)
  assert.match(text, /default-src 'none'/)
})

test('what a run says of itself cannot become markup', () => {
  const text = page((run) => {
    run.facts.demo = '<script>alert(1)</script>'
    run.facts.kernel.machine = '"><img src=x>'
    armOf(run, 'encrypted').canaries[0]!.id = '<b>'
    armOf(run, 'encrypted').canaries[0]!.delivered = false
  })
  assert.doesNotMatch(text, /<script|<img|<b>(?!Wireproof)/)
})

test('the canary is lit where it can be read, and the frame that hid it says that there is none', () => {
  const text = page()
  const dumps = text
    .split('<div class="dump">')
    .slice(1)
    .map((part) => part.slice(0, part.indexOf('</pre>')))
  assert.deepEqual(
    dumps.map((dump) => [/<h3>(.*?)<\/h3>/.exec(dump)?.[1], dump.includes('class="lit"')]),
    [
      ['In pod a1', true],
      ['On the wire, encrypted', false],
      ['In pod a1', true],
      ['On the wire, encryption off', true],
    ],
  )
})

test('a claim of which nothing was asked is named below the others, and stands in no row', () => {
  const text = page()
  assert.match(text, /Not asked in the arms that were played: [^.]*>app\.lossless, [^<]*scope\.side-by-side</)
  assert.doesNotMatch(text, /<th scope="row">[^<]*<span class="mono">app\.lossless</)
})

test('where nodes themselves are in scope, a packet of theirs is shown, and their instruments and flows are there', () => {
  const view = observe(provenRun({ nodesThemselves: true }))
  const options = { created: new Date(0), directory: '/synthetic-1' }
  const text = renderReport(view, judge(view), options)
  assert.match(text, /<h3>On node \w, where it arrived<\/h3>/)
  assert.match(text, /<th scope="row">a → b1<\/th>/)
  assert.match(text, /Each packet that a pod or a node itself sent/)
  assert.match(text, /at each node itself/)
  assert.doesNotMatch(page(), /itself/)
})

test('a leak shows the first offending frame right under the verdict', () => {
  const text = page(leak)
  assert.match(text, /<h1>LEAK<\/h1>/)
  assert.ok(text.indexOf('id="failed"') < text.indexOf('id="claims"'))
  assert.match(text, /UDP 10\.0\.1\.2:9 → 10\.0\.2\.2:9 in clear/)
})

test('what changed under traffic has its strip, its moments and its numbers', () => {
  const view = observe(provenRun({ changes: changeKinds }))
  const text = renderReport(view, judge(view), { created: new Date(), directory: '/evidence/synthetic-1' })
  const figures = text.split('<figure class="change">').slice(1)
  assert.deepEqual(
    figures.map((figure) => /<h3>(.*?)</.exec(figure)?.[1]),
    changeKinds.flatMap((kind) => [armTitle(kind), armTitle(botchOf(kind))]),
  )
  for (const figure of figures) {
    assert.equal(figure.match(/<title>(every key was replaced|node g[12] had joined)<\/title>/g)?.length, 2)
    assert.match(figure, /as it must be/)
  }
  assert.match(figures[0]!, /last clear packet<\/dt><dd>none</)
  const open = figures.find((figure) => figure.startsWith(`<h3>${armTitle('partition/open')}<`))
  assert.match(open!, /last clear packet<\/dt><dd>0\.\d+ s</)
  const churn = figures.find((figure) => figure.startsWith(`<h3>${armTitle('churn')}<`))
  assert.match(churn!, /came and went<\/dt><dd>2 and 2</)
  assert.doesNotMatch(figures[0]!, /came and went/)
  assert.match(figures[0]!, /0 of 36/)
  assert.match(figures[1]!, /6 of 36/)
  assert.doesNotMatch(page(), /id="change"/)
})

test('what intruders tried stands beside who stopped it, and only where there were any', () => {
  const view = observe(provenRun({ changes: ['spoof'] }))
  const text = renderReport(view, judge(view), { created: new Date(), directory: '/evidence/synthetic-1' })
  const [sound = '', open = ''] = text.slice(text.indexOf('id="intruders"')).split('<table').slice(1)
  for (const counter of [
    'XfrmInNoStates',
    'XfrmInStateProtoError',
    'XfrmInStateSeqError',
    'from-wire/dropped/wrong-node',
  ])
    assert.match(
      sound,
      new RegExp(`<td>2</td><td>0</td><td>(agent|kernel)</td><td class="mono">${counter}</td><td>2</td>`),
    )
  assert.match(
    open,
    /<td>2<\/td><td>2<\/td><td>agent<\/td><td class="mono">from-wire\/dropped\/clear-from-wire<\/td><td>0</,
  )
  assert.doesNotMatch(page(), /id="intruders"/)
})

test('an arm that was not played leaves a page, and a reason', () => {
  const text = page((run) => {
    run.facts.arms = run.facts.arms.filter(({ name }) => name === 'encrypted')
  })
  assert.match(text, /<h1>INCONCLUSIVE<\/h1>/)
  assert.match(text, /The run has no control, permissive sabotage, strict sabotage arm/)
})

test('every picture says in words what it shows', () => {
  const pictures = page().match(/<svg[^>]*>/g) ?? []
  assert.ok(pictures.length > 5)
  for (const picture of pictures) assert.match(picture, /role="img" aria-label="[^"]+"|aria-hidden="true"/)
})
