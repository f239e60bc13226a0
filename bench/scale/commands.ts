import type { RouteEntry, XfrmPolicy, XfrmState } from '@wireproof/netlink'

/** What is in the kernel, as commands by which `ip -batch` puts the same there. */
export function commandsOf(
  states: readonly XfrmState[],
  policies: readonly XfrmPolicy[],
  routes: readonly RouteEntry[],
): string {
  const lines = [...states.map(stateCommand), ...policies.map(policyCommand), ...routes.map(routeCommand)]
  return `${lines.join('\n')}\n`
}

const hex = (value: number) => `0x${value.toString(16)}`

function stateCommand({
  source,
  destination,
  spi,
  reqid,
  aead,
  outputMark,
  replayWindow,
}: XfrmState): string {
  return [
    `xfrm state add src ${source} dst ${destination} proto esp spi ${hex(spi)} reqid ${reqid} mode tunnel`,
    `replay-window ${replayWindow} flag af-unspec flag esn`,
    `aead ${aead!.name} 0x${aead!.key.toString('hex')} ${aead!.icvBits}`,
    outputMark ? `output-mark ${hex(outputMark.value)} mask ${hex(outputMark.mask)}` : '',
  ].join(' ')
}

function policyCommand({ source, destination, direction, priority, mark, template }: XfrmPolicy): string {
  return [
    `xfrm policy add src ${source} dst ${destination} dir ${direction} priority ${priority}`,
    `mark ${hex(mark!.value)} mask ${hex(mark!.mask)}`,
    `tmpl src ${template!.source} dst ${template!.destination} proto esp`,
    template!.spi === undefined ? '' : `spi ${hex(template!.spi)}`,
    `reqid ${template!.reqid} mode tunnel`,
  ].join(' ')
}

function routeCommand({ type, destination, via, metric, mtu }: RouteEntry): string {
  const where = via === undefined ? '' : `via ${via} dev eth0`
  return `route replace ${type} ${destination} ${where} metric ${metric} ${mtu ? `mtu ${mtu}` : ''}`
}
