import { type ArmView, attemptPlans, attemptsByKind, type RunView } from '../proof/index.ts'
import { armTitle } from './arm-words.ts'
import { type Html, html } from './html.ts'

/** What intruders tried, and who stopped it. */
export function attemptsSection(run: RunView): Html | undefined {
  const arms = [...run.arms.values()].filter(({ facts }) => facts.change?.attempts)
  if (arms.length === 0) return undefined
  return html`<section aria-labelledby="intruders"><h2 id="intruders">What intruders tried</h2>
<p class="lead">Packets that no pod sent, by somebody on the wire who is no node, by a pod, and by a node with keys of its own. Each has to be stopped by the one whose task it is, and counted under its name; with strict mode off some had to be seen to arrive.</p>
${arms.map(table)}</section>`
}

function table(arm: ArmView): Html {
  const name = armTitle(arm.facts.name)
  return html`<h3>${name}</h3>
<div class="scroll" role="region" aria-label="${name}" tabindex="0">
<table class="frames">
<thead><tr><th scope="col" class="why">Attempt</th><th scope="col">By</th><th scope="col">Sent</th><th scope="col">Arrived</th><th scope="col">To be stopped by</th><th scope="col">Counted as</th><th scope="col">Counted</th></tr></thead>
<tbody>${attemptsByKind(arm).map(({ kind, by, packets, arrived, counted }) => {
    const { what, stoppedBy, counter } = attemptPlans[kind]
    return html`<tr><td class="why">${what}</td><td class="mono">${by.join(', ')}</td><td>${packets}</td><td>${arrived}</td><td>${stoppedBy}</td><td class="mono">${counter}</td><td>${counted}</td></tr>
`
  })}</tbody></table></div>`
}
