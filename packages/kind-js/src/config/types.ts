/**
 * The configuration of a cluster, `kind.x-k8s.io/v1alpha4`, as kind 0.32 reads it. Names and meaning are kind's:
 * https://kind.sigs.k8s.io/docs/user/configuration/
 */
export interface ClusterConfig {
  readonly kind?: 'Cluster'
  readonly apiVersion?: 'kind.x-k8s.io/v1alpha4'
  /** Of the cluster; `kind` by default. */
  readonly name?: string
  /** One control plane by default. With several of them kind adds a load balancer. */
  readonly nodes?: readonly NodeConfig[]
  readonly networking?: NetworkingConfig
  /** Kubernetes feature gates, by name, for every component. */
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** For the API server's `--runtime-config`, such as `{'api/alpha': 'true'}`. */
  readonly runtimeConfig?: Readonly<Record<string, string>>
  /** Merge patches, in YAML, for what kind gives kubeadm; each names by `kind` what it is for. Before those of nodes. */
  readonly kubeadmConfigPatches?: readonly string[]
  /** RFC 6902 patches for what kind gives kubeadm. Before those of nodes. */
  readonly kubeadmConfigPatchesJSON6902?: readonly JsonPatchConfig[]
  /** Merge patches, in TOML, for containerd's configuration on every node. */
  readonly containerdConfigPatches?: readonly string[]
  /** RFC 6902 patches, in JSON or YAML, for containerd's configuration on every node. */
  readonly containerdConfigPatchesJSON6902?: readonly string[]
}

/** One node of a {@link ClusterConfig}. */
export interface NodeConfig {
  /** `control-plane` by default. */
  readonly role?: NodeRole
  /** The node image; that of the kind release by default. */
  readonly image?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly extraMounts?: readonly MountConfig[]
  readonly extraPortMappings?: readonly PortMappingConfig[]
  /** Applied after those of the cluster. */
  readonly kubeadmConfigPatches?: readonly string[]
  /** Applied after those of the cluster. */
  readonly kubeadmConfigPatchesJSON6902?: readonly JsonPatchConfig[]
}

/** What a node is there for. */
export type NodeRole = 'control-plane' | 'worker'

/** Cluster-wide network settings. */
export interface NetworkingConfig {
  /** `ipv4` by default. */
  readonly ipFamily?: IpFamily
  /** On this machine; a free one by default. -1 leaves the choice to the provider. */
  readonly apiServerPort?: number
  /** The address of this machine to listen on; 127.0.0.1 by default, or ::1 in an IPv6 cluster. */
  readonly apiServerAddress?: string
  /** A CIDR, or with `dual` one of each family with a comma between; 10.244.0.0/16 and fd00:10:244::/56 by default. */
  readonly podSubnet?: string
  /** As `podSubnet`; 10.96.0.0/16 and fd00:10:96::/112 by default. */
  readonly serviceSubnet?: string
  /** Leaves it to you to install a CNI plugin; until then no node becomes ready. */
  readonly disableDefaultCNI?: boolean
  /** `iptables` by default. */
  readonly kubeProxyMode?: KubeProxyMode
  /** Search domains of the nodes; this machine's by default. */
  readonly dnsSearch?: readonly string[]
}

/** The addresses that pods and services have. */
export type IpFamily = 'ipv4' | 'ipv6' | 'dual'

/** How kube-proxy does Services; `none` leaves it out. */
export type KubeProxyMode = 'iptables' | 'ipvs' | 'nftables' | 'none'

/** A file or directory of this machine in a node. */
export interface MountConfig {
  /** Absolute, in the node. */
  readonly containerPath: string
  /** On this machine; a relative one is relative to the working directory. */
  readonly hostPath: string
  readonly readOnly?: boolean
  readonly selinuxRelabel?: boolean
  /** `None` by default. */
  readonly propagation?: MountPropagation
}

/** Whether mounts inside of a mount are seen on the other side. */
export type MountPropagation = 'None' | 'HostToContainer' | 'Bidirectional'

/** A port of this machine that leads to one of a node. */
export interface PortMappingConfig {
  readonly containerPort: number
  /** A free one by default. -1 leaves the choice to the provider. */
  readonly hostPort?: number
  /** An address of this machine; all of them by default. */
  readonly listenAddress?: string
  /** `TCP` by default. */
  readonly protocol?: PortProtocol
}

/** What a {@link PortMappingConfig} is for. */
export type PortProtocol = 'TCP' | 'UDP' | 'SCTP'

/** An RFC 6902 patch for one of the objects that kind gives kubeadm. */
export interface JsonPatchConfig {
  /** `kubeadm.k8s.io`, for instance; any by default. */
  readonly group?: string
  /** `v1beta3`, for instance; any by default. */
  readonly version?: string
  /** `ClusterConfiguration`, for instance. */
  readonly kind: string
  /** The operations, in JSON or YAML. */
  readonly patch: string
}

/** The `apiVersion` of the configuration that this library knows. */
export const configApiVersion = 'kind.x-k8s.io/v1alpha4'

/** The name of a cluster that has none. */
export const defaultClusterName = 'kind'
