import { expectedState, isSealed, type Judgement, type RunView } from '../proof/index.ts'
import { armTitle } from './arm-words.ts'
import { attemptsSection } from './attempts.ts'
import { claimsTable, offendersTable } from './claims.ts'
import { drillSection } from './drill.ts'
import { type Html, html } from './html.ts'
import { packetPair } from './packet-view.ts'
import { pageStyle } from './page-style.ts'
import { recheck } from './recheck.ts'
import { timeline } from './timeline.ts'
import { topologyDrawing } from './topology-drawing.ts'
import { underChangeSection } from './under-change.ts'

export interface ReportOptions {
  readonly created: Date
  /** Of the bundle, for the command that verifies it. */
  readonly directory: string
  /** Whether the bundle holds no keys. */
  readonly sealedOnly?: boolean
}

/** One page that says what was proven and how: without scripts, without the network, for screens and paper. */
export function renderReport(run: RunView, judgement: Judgement, options: ReportOptions): string {
  const { facts } = run.material
  const title = `${judgement.verdict}: ${facts.demo}`
  const bundle = options.directory.split('/').filter(Boolean).slice(-2).join('/')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body>
<header class="masthead"><span><b>Wireproof</b> · ${facts.demo}</span><time datetime="${options.created.toISOString()}">${options.created.toISOString().replace('T', ' ').slice(0, 16)} UTC</time></header>
<main>
${verdictSection(run, judgement)}
${failureSection(judgement)}
<section aria-labelledby="claims"><h2 id="claims">What was claimed, and what holds it</h2>
<p class="lead">The same traffic was played in ${Object.keys(judgement.arms).length} arms. Where cleartext was sent on purpose the wire checks have to find it: an instrument that cannot say LEAK proves nothing by staying silent.</p>
${claimsTable(judgement)}</section>
${packetSection(run)}
<section aria-labelledby="flows"><h2 id="flows">Every flow, in every arm</h2>
<p class="lead">Each packet that a pod sent to a pod on another node, from the first to the last of each arm, by what the wire showed of it.</p>
${timeline(run, judgement)}</section>
${underChangeSection(run, judgement)}
${attemptsSection(run)}
${drillSection(run, judgement)}
<section aria-labelledby="vantage"><h2 id="vantage">Where the instruments stood</h2>
<p class="lead">On a wire that no agent owns, at every port of it.</p>
${topologyDrawing(facts)}</section>
<section aria-labelledby="recheck"><h2 id="recheck">Check it yourself</h2>
${recheck(bundle, options.sealedOnly ?? false)}</section>
<section aria-labelledby="ran"><h2 id="ran">What it ran on</h2>
${environment(run)}</section>
<section aria-labelledby="limits"><h2 id="limits">What it does not show</h2>
${limits(judgement)}</section>
</main>
<footer>Numbers of frames are those Wireshark shows in the files beside this page. ${keysNote(run, options.sealedOnly ?? false)}</footer>
</body>
</html>
`.toString()
}

function keysNote(run: RunView, sealedOnly: boolean): Html {
  if (sealedOnly) return html`This bundle holds no keys: what is encrypted in it stays so.`
  const { name, isDisposable } = run.material.facts.cluster
  const files = html`<code>sas.json</code>, <code>wire.opened.pcapng</code> and <code>wireshark/</code>`
  return isDisposable
    ? html`${files} hold the keys of this lab, and of nothing else; every other file, this page included, holds none.`
    : html`<strong>${files} hold keys of ${name}, a cluster that is in use: whoever has them can read what it sent under them.</strong> Every other file, this page included, holds none.`
}

function verdictSection(run: RunView, judgement: Judgement): Html {
  const { facts } = run.material
  const sealed = [...run.arms.values()].filter(({ facts }) => isSealed(facts.name))
  const frames = [...run.arms.values()].reduce((sum, arm) => sum + arm.wire.length, 0)
  const met = judgement.checks.filter(({ arm, id, state }) => state === expectedState(arm, id)).length
  const figures: [string, string | number][] = [
    ['checks as they must be', `${met} of ${judgement.checks.length}`],
    ['frames on the wire', frames.toLocaleString('en')],
    [
      'packets sealed and matched',
      sealed
        .reduce((sum, arm) => sum + arm.account().sent.filter(({ fate }) => fate === 'encrypted').length, 0)
        .toLocaleString('en'),
    ],
    ['canaries', facts.arms.reduce((sum, { canaries }) => sum + canaries.length, 0).toLocaleString('en')],
    ['nodes, pods', `${facts.nodes.length}, ${facts.pods.length}`],
  ]
  return html`<div class="verdict ${judgement.verdict}"><h1>${judgement.verdict}</h1><p>${judgement.says}</p></div>
<dl class="figures">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function failureSection(judgement: Judgement): Html | undefined {
  const surprises = judgement.checks.filter(({ arm, id, state }) => state !== expectedState(arm, id))
  if (surprises.length === 0) return undefined
  const shown = surprises.filter(({ offenders }) => offenders.length > 0)
  return html`<section aria-labelledby="failed"><h2 id="failed">What is not as it must be</h2>
<ul class="limits">${surprises.map(({ arm, id, says }) => html`<li><code>${id}</code> in the ${armTitle(arm).toLowerCase()} arm: ${says}</li>`)}</ul>
${shown.length > 0 && html`<h3>The first frames</h3>${offendersTable(shown, 'The first frames')}`}</section>`
}

function packetSection(run: RunView): Html | undefined {
  const sealed = [...run.arms.keys()].find(isSealed)
  const sections = [sealed, 'control' as const].flatMap((name) => {
    const arm = name && run.arms.get(name)
    const pair = arm && packetPair(arm)
    return pair ? [html`<figure style="margin-bottom:1.1rem">${pair}</figure>`] : []
  })
  if (sections.length === 0) return undefined
  return html`<section aria-labelledby="packet"><h2 id="packet">One packet, seen twice</h2>
<p class="lead">A canary leaving its pod, and the frame that carried it. Below, the same with encryption off: this is how it looks when the wire can be read.</p>
${sections}</section>`
}

function environment(run: RunView): Html {
  const { facts } = run.material
  const entries: [string, string][] = [
    ['Kernel', `${facts.kernel.release} (${facts.kernel.machine})`],
    ...Object.entries(facts.versions),
    ['Nodes', facts.nodes.map(({ name, podCidrs }) => `${name}: ${podCidrs.join(' and ')}`).join(', ')],
    ['Arms', [...run.arms.keys()].join(', ')],
  ]
  return html`<dl class="facts">${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

function limits(judgement: Judgement): Html {
  const notes = new Map(judgement.checks.flatMap(({ id, covers }) => (covers ? [[id, covers]] : [])))
  return html`<ul class="limits"><li>It is about the packets of this run at these points, not about those of another day or path.</li>
<li>It says nothing about who else may know the keys.</li>
${[...notes].map(([id, covers]) => html`<li><code>${id}</code>: ${covers}</li>`)}</ul>`
}
