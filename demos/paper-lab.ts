import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { LinkType, PcapWriter } from 'tcpdump-parse'
import type { AgentStatus } from '../agent/api.ts'
import type { CapturePoint, Lab, LabNode, LabPod, LabProcess } from '../lab/lab.ts'
import { loopbackLab, loopbackPod } from './workload/loopback-lab.ts'

/**
 * A lab that has real traffic on the loopback interface and no kernel to encrypt it: its captures are empty, so what it
 * can prove is that nothing is proven by it. It writes down what a demo asks of it.
 */
export function paperLab(commandCode = 0): { lab: Lab; asked: string[]; running: () => number } {
  const asked: string[] = []
  let running = 0
  const nodes: LabNode[] = [1, 2].map((id) => ({
    name: `n${id}`,
    id,
    underlay: `192.0.2.${id}`,
    podCidrs: [`127.0.${60 + id}.0/24`],
  }))
  const pods: LabPod[] = [loopbackPod('a1', 'n1', '127.0.61.1'), loopbackPod('b1', 'n2', '127.0.62.1')]
  const loopback = loopbackLab(pods)

  const severed = (what: string) => {
    asked.push(`sever ${what}`)
    return { restore: async () => void asked.push(`restore ${what}`) }
  }
  const lab: Lab = {
    name: 'paper',
    isDisposable: true,
    nodes: async () => nodes,
    pods: async () => pods,
    spawn: (target, argv) => {
      if (nodes.some(({ name }) => name === target)) {
        asked.push(`${target}: ${argv.join(' ')}`)
        return endedProcess(commandCode)
      }
      const child = loopback.spawn(target, argv)
      running++
      void child.exit.then(() => running--)
      return child
    },
    capture: async (directory, _signal, { nodes: atNodes } = { nodes: false }) => {
      asked.push('capture')
      await mkdir(directory, { recursive: true })
      return {
        quiet: async () => {},
        stop: async () => {
          const names = [
            ...nodes.map(({ name }) => `wire/${name}`),
            ...pods.map(({ name }) => `pod/${name}`),
            ...(atNodes ? nodes.map(({ name }) => `node/${name}`) : []),
          ]
          return Promise.all(names.map((name) => emptyPoint(directory, name)))
        },
      }
    },
    status: async (node): Promise<AgentStatus> => ({
      node,
      pid: 1,
      started: new Date(0).toISOString(),
      encryptL3: false,
      strict: true,
      settled: true,
      waiting: [],
      problems: [],
      notices: [],
      key: { id: 3 },
      peers: [],
      pods: [],
      counters: {},
      sessions: { entries: 0, capacity: 0, begun: 0, evicted: 0, refused: 0 },
      sequence: { highest: 0, limit: 2 ** 32 - 1 },
      refused: {},
      events: { told: 0, remembered: 0, lost: 0 },
    }),
    flows: async function* () {},
    records: async function* () {},
    securityAssociations: async () => [],
    refusals: async () => ({}),
    addNode: () => Promise.reject(new Error('a lab on paper does not grow')),
    removeNode: () => Promise.reject(new Error('a lab on paper does not shrink')),
    addPod: () => Promise.reject(new Error('a lab on paper does not grow')),
    removePod: () => Promise.reject(new Error('a lab on paper does not shrink')),
    rotateKey: async () => {
      asked.push('rotate')
      return { from: 3, to: 4 }
    },
    configure: async ({ encryptL3, strict }) => {
      asked.push(`configure ${encryptL3 ? 'encrypted' : 'clear'} ${strict ? 'strict' : 'permissive'}`)
    },
    setPolicies: async () => void asked.push('policies'),
    services: async () => [],
    setEncryptionPolicies: async () => void asked.push('encryption policies'),
    setAside: async () => async () => {},
    pauseAgent: async (node) => void asked.push(`pause ${node}`),
    resumeAgent: async (node) => void asked.push(`resume ${node}`),
    killAgent: async (node) => void asked.push(`kill ${node}`),
    startAgent: async (node) => void asked.push(`start ${node}`),
    podPort: async (pod) => `p-${pod}`,
    wirePort: async () => 'eth0',
    plugIntoWire: () => Promise.reject(new Error('a lab on paper has no wire')),
    plugStranger: () => Promise.reject(new Error('a lab on paper has no wire')),
    sendPacket: async (target) => void asked.push(`packet from ${target}`),
    severStore: async () => severed('store'),
    repeatFrames: async (node) => severed(`single frames to ${node}`),
    severWire: async (node) => severed(`wire of ${node}`),
    settled: async () => void asked.push('settled'),
  }
  return { lab, asked, running: () => running }
}

async function emptyPoint(directory: string, name: string): Promise<CapturePoint> {
  const file = join(directory, `${name.replace('/', '-')}.pcap`)
  await new PcapWriter(file, { linkType: LinkType.ethernet }).close()
  return { name, file, captured: 0, passed: 0, dropped: 0 }
}

function endedProcess(code: number): LabProcess {
  return {
    stdin: new Writable({ write: (_chunk, _encoding, done) => done() }),
    stdout: Readable.from([]),
    stderr: Readable.from(code === 0 ? [] : ['RTNETLINK answers: Operation not permitted\n']),
    exit: new Promise((resolve) => setImmediate(resolve, code)),
    kill: () => {},
  }
}
