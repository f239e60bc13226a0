import { Command } from 'commander'
import type { Flow } from '../agent/api.ts'
import { labOption } from './options.ts'
import { findLab, insideCommand, insideOptions, interruptSignal } from './placement.ts'

export const monitor = new Command('monitor')
  .description('which flows are encrypted and which are not, as the datapath decides it, until interrupted')
  .argument('[node]', 'one node only')
  .option('--json', 'one JSON object a line')
  .addOption(labOption())
  .action(async (node: string | undefined, options: { lab?: string; json?: boolean }) => {
    const { name, keeper } = await findLab(options.lab)
    const signal = interruptSignal()
    if (keeper) {
      const more = [...(node ? [node] : []), ...(options.json ? ['--json'] : [])]
      const command = insideCommand(['monitor', '--lab', name, ...more])
      process.exitCode = await keeper.run(command, insideOptions(keeper.description, { signal }))
      return
    }
    const { openLab } = await import('../lab/netns/netns-lab.ts')
    const lab = openLab(name)
    await Promise.all(
      lab.nodeNames(node).map(async (each) => {
        for await (const flow of lab.flows(each, signal))
          process.stdout.write(options.json ? `${JSON.stringify(flow)}\n` : describeFlow(flow))
      }),
    )
  })

/** One flow event as a line: `n1 to-wire  udp 10.0.1.2:53 -> 10.0.2.2:53  dropped clear-on-wire  3 packets`. */
export function describeFlow(flow: Flow): string {
  const end = (address: string, pod?: string, port?: number) => `${pod ?? address}${port ? `:${port}` : ''}`
  const source = end(flow.source, flow.sourcePod, flow.sourcePort)
  const destination = end(flow.destination, flow.destinationPod, flow.destinationPort)
  const way = `${flow.protocol.padEnd(4)} ${source} -> ${destination}`.padEnd(36)
  const amount = `${flow.packets} packet${flow.packets === 1 ? '' : 's'}, ${flow.bytes} bytes`
  return `${flow.node}  ${flow.hook.padEnd(9)}  ${way}  ${`${flow.verdict} (${flow.reason})`.padEnd(28)}  ${amount}\n`
}
