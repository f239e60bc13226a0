import { provider } from '@pulumi/pulumi'
import { engineLog } from '../provider/progress.ts'
import { agentRollout } from './agent-rollout.ts'
import { clusterKey } from './cluster-key.ts'
import { ClusterProvider } from './cluster-provider.ts'
import { expiry } from './expiry.ts'
import { kindCluster } from './kind-cluster.ts'
import { loadedImage } from './loaded-image.ts'
import { machine } from './machine.ts'
import { nodeReadiness } from './node-readiness.ts'
import { nodeTasks } from './node-tasks.ts'

const argv = process.argv.slice(2)
const [engineAddress] = argv.filter((argument) => !argument.startsWith('-'))
const kinds = {
  KindCluster: kindCluster(machine),
  LoadedImage: loadedImage(machine),
  ClusterKey: clusterKey,
  AgentRollout: agentRollout(),
  Expiry: expiry(),
  NodeReadiness: nodeReadiness(nodeTasks),
}

await provider.main(new ClusterProvider(kinds, engineLog(engineAddress)), argv)
