import { SimulatedNode } from '../agent/simulation/simulated-node.ts'
import { describeNode, join, largeCluster, leave } from './scale/cluster.ts'

const t = (n: string, f: () => void) => {
  const a = performance.now()
  f()
  console.log(n, (performance.now() - a).toFixed(1))
}
const n = Number(process.argv[2])
const rss = () => {
  globalThis.gc?.()
  console.log(
    'rss',
    (process.memoryUsage().rss / 2 ** 20).toFixed(0),
    'heap',
    (process.memoryUsage().heapUsed / 2 ** 20).toFixed(0),
  )
}
rss()
const c = largeCluster(n)
rss()
const s = new SimulatedNode(c, describeNode(1))
s.start()
t('install', () => s.pass(0, true))
rss()
let k = 0
for (let i = 0; i < 4; i++) {
  join(c, n + 1)
  t('join', () => s.pass(k++))
  leave(c, n + 1)
  t('leave', () => s.pass((k += 2000)))
}
t('nothing', () => s.pass((k += 5000)))
t('thorough', () => s.pass((k += 5000), true))
rss()
