import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { parseTopology } from '../../lab/topology-file.ts'

/** The command line's contract with the provider, played with a file per lab: for tests of what Pulumi does with it. */

const labs = process.env.WIREPROOF_TEST_LABS!
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    topology: { type: 'string' },
    json: { type: 'boolean' },
    kernel: { type: 'string' },
  },
})
const [verb, name] = positionals
mkdirSync(labs, { recursive: true })

if (verb === 'up') await up(values.name!)
if (verb === 'ls') process.stdout.write(`${JSON.stringify(readdirSync(labs).map(row))}\n`)
if (verb === 'down') rmSync(join(labs, name!), { force: true })

async function up(lab: string): Promise<void> {
  const topology = parseTopology(await text(process.stdin), 'standard input')
  const slow = existsSync(`${labs}.slow`)
  process.on('SIGINT', () => {
    process.stderr.write('  taking the lab down\n')
    writeFileSync(`${labs}.interrupted`, '')
    process.exit(130)
  })
  writeFileSync(`${labs}.started`, `${process.pid}`)
  process.stderr.write('  starting agents\n')
  await sleep(slow ? 20_000 : 50)
  if (existsSync(`${labs}.broken`)) {
    process.stderr.write('wireproof: the tun device is busy\n  Stop what uses it.\n')
    process.exit(4)
  }
  const nodes = topology.nodes.map((node, index) => ({
    name: node.name,
    id: index + 1,
    underlay: `172.30.0.${index + 1}`,
    podCidrs: [`10.244.${index + 1}.0/24`],
  }))
  const pods = (topology.pods ?? []).map((pod, index) => ({
    ...pod,
    labels: pod.labels ?? {},
    addresses: [`10.244.1.${index + 2}`],
  }))
  const kernel = { kind: 'uml', release: '7.2.0', machine: 'a stand-in' }
  writeFileSync(join(labs, lab), JSON.stringify({ nodes: nodes.length, pods: pods.length }))
  process.stdout.write(`${JSON.stringify({ name: lab, kernel, nodes, pods })}\n`)
}

function row(lab: string) {
  return { name: lab, kernel: 'uml 7.2.0', ...JSON.parse(readFileSync(join(labs, lab), 'utf8')) }
}
