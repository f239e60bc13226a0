export type { CreatedCluster, CreateOptions } from './cluster/create.ts'
export type { DeleteOptions } from './cluster/delete.ts'
export type { ExportKubeconfigOptions, KubeconfigOptions } from './cluster/kubeconfig.ts'
export type { ClusterNode } from './cluster/nodes.ts'
export type { StartOptions, StopOptions } from './cluster/power.ts'
export type { ReadyOptions } from './cluster/ready.ts'
export { plannedNodeNames } from './config/node-names.ts'
export type { ConfigProblem } from './config/problem.ts'
export {
  type ClusterConfig,
  configApiVersion,
  defaultClusterName,
  type IpFamily,
  type JsonPatchConfig,
  type KubeProxyMode,
  type MountConfig,
  type MountPropagation,
  type NetworkingConfig,
  type NodeConfig,
  type NodeRole,
  type PortMappingConfig,
  type PortProtocol,
} from './config/types.ts'
export { assertValidConfig, validateConfig } from './config/validate.ts'
export { formatConfig, parseConfig } from './config/yaml.ts'
export type { OperationOptions, ProgressOptions } from './context.ts'
export {
  CleanUpError,
  CommandError,
  ConfigError,
  KindError,
  type KindErrorCode,
  NotReadyError,
} from './error.ts'
export { type ArchivedImage, readImageArchive } from './images/archive.ts'
export type { LoadedImage, LoadOptions } from './images/load.ts'
export type { NodeImage } from './images/plan.ts'
export { Kind, type OpenOptions, openKind } from './kind.ts'
export { type ObtainOptions, obtainKind } from './program/obtain.ts'
export type { Release } from './program/release.ts'
export type { Progress, Step } from './progress/events.ts'
export { ProgressParser } from './progress/parser.ts'
export { detectProvider, type Provider, providers } from './provider.ts'
