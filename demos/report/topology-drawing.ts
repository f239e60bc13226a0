import type { RunFacts } from '../proof/index.ts'
import { type Html, html } from './html.ts'

const margin = 20
const nodeGap = 28
const podWidth = 108
const addressHeight = 14
const podsPerRow = 2
const widest = 3

/** Nodes with their pods, the wire below, and where the instruments stood. */
export function topologyDrawing({ nodes, pods, arms }: Pick<RunFacts, 'nodes' | 'pods' | 'arms'>): Html {
  const atNodes = arms.some(({ scope }) => scope?.nodes)
  const perRow = Math.min(nodes.length, widest)
  const podsOf = nodes.map((node) => pods.filter((pod) => pod.node === node.name))
  const podRows = Math.max(1, ...podsOf.map((list) => Math.ceil(list.length / podsPerRow)))
  const podHeight = 32 + addressHeight * Math.max(1, ...pods.map(({ addresses }) => addresses.length))
  const nodeWidth = podsPerRow * podWidth + 48
  const nodeHeight = 46 + podRows * (podHeight + 12)
  const rowHeight = nodeHeight + 104
  const rows = Math.ceil(nodes.length / perRow)
  const width = 2 * margin + perRow * nodeWidth + (perRow - 1) * nodeGap
  const boxes = nodes.map((node, index) => {
    const x = margin + (index % perRow) * (nodeWidth + nodeGap)
    const y = 10 + Math.floor(index / perRow) * rowHeight
    const wireY = y + nodeHeight + 62
    const middle = x + nodeWidth / 2
    return html`<g>
<rect x="${x}" y="${y}" width="${nodeWidth}" height="${nodeHeight}" rx="10" fill="var(--card)" stroke="var(--line)"/>
<text x="${x + 16}" y="${y + 27}" font-size="14" font-weight="600">node ${node.name}</text>
<text x="${x + nodeWidth - 16}" y="${y + 27}" font-size="11.5" text-anchor="end" class="soft mono">${node.underlay}</text>
${podsOf[index]!.map((pod, position) => {
  const podX = x + 16 + (position % podsPerRow) * (podWidth + 16)
  const podY = y + 42 + Math.floor(position / podsPerRow) * (podHeight + 12)
  return html`<rect x="${podX}" y="${podY}" width="${podWidth}" height="${podHeight}" rx="7" fill="none" stroke="var(--line)"/>
<circle cx="${podX + podWidth - 13}" cy="${podY + 14}" r="4" fill="none" stroke="var(--soft)" stroke-width="1.5"/>
<text x="${podX + 12}" y="${podY + 20}" font-size="12.5">${pod.name}</text>
${pod.addresses.map((address, line) => html`<text x="${podX + 12}" y="${podY + 36 + line * addressHeight}" font-size="11" class="soft mono">${address}</text>`)}`
})}
<line x1="${middle}" y1="${y + nodeHeight}" x2="${middle}" y2="${wireY}" stroke="var(--sealed)" stroke-width="2"/>
${atNodes && html`<circle cx="${middle}" cy="${y + nodeHeight}" r="5" fill="var(--card)" stroke="var(--soft)" stroke-width="1.5"/>`}
<circle cx="${middle}" cy="${wireY - 24}" r="9" fill="var(--paper)" stroke="var(--clear)" stroke-width="2.5"/>
<circle cx="${middle}" cy="${wireY - 24}" r="3" fill="var(--clear)"/>
<text x="${middle + 17}" y="${wireY - 20}" font-size="11" class="soft mono">wire/${node.name}</text>
</g>`
  })
  const wires = Array.from({ length: rows }, (_, row) => {
    const y = 10 + row * rowHeight + nodeHeight + 62
    return html`<rect x="${margin}" y="${y}" width="${width - 2 * margin}" height="9" rx="4.5" fill="var(--sealed)"/>`
  })
  const height = rows * rowHeight + 6
  return html`<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${`${nodes.length} nodes with ${pods.length} pods on one wire; an instrument at each node's port of the wire${atNodes ? ', at each node itself' : ''} and at each pod.`}">
${boxes}${wires}
<text x="${width / 2}" y="${height - 10}" font-size="12" text-anchor="middle" class="soft">the wire: a bridge in a network namespace of its own, which no agent touches</text>
</svg>
<figcaption>The filled rings are the vantage point: each records what one node put on the wire, before the bridge forwards it. The small rings record both directions at a pod. ${nodeInterface(atNodes)}</figcaption></figure>`
}

function nodeInterface(isUsed: boolean): string {
  return isUsed
    ? 'Those at a node’s own interface record what reaches it: as it came, and again where it is decrypted, which is no leak. That is where what another node sent itself can be seen.'
    : 'A node’s own interface is not used: after decryption it shows the inner packet again, which is no leak.'
}
