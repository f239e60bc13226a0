/** Kubernetes' NetworkPolicy (networking.k8s.io/v1), understood: defaults filled in, names given to its rules. */

export type PolicyDirection = 'ingress' | 'egress'
export type PolicyProtocol = 'TCP' | 'UDP' | 'SCTP'
export type Labels = Readonly<Record<string, string>>

export interface Requirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  /** Empty for the last two. */
  readonly values: readonly string[]
}

/** All must hold; without any, everything is selected. */
export type Selector = readonly Requirement[]

/** Pods by their labels and their namespaces' labels, or addresses. */
export type Peer =
  | {
      /** Absent: all pods. */
      readonly pods?: Selector
      /** Absent: the policy's own namespace only. */
      readonly namespaces?: Selector
    }
  | { readonly ipBlock: IpBlock }

/** Prefixes without bits behind their length. */
export interface IpBlock {
  readonly cidr: string
  readonly except: readonly string[]
}

export interface Port {
  readonly protocol: PolicyProtocol
  /** A number, or the name of a port of whoever is connected to; absent: every port. */
  readonly port?: number | string
  /** The last port of a range that begins with `port`. */
  readonly endPort?: number
}

export interface Rule {
  /** `<namespace>/<policy>/<direction>/<index>` */
  readonly name: string
  /** Absent: anyone. */
  readonly peers?: readonly Peer[]
  /** Absent: every protocol and port. */
  readonly ports?: readonly Port[]
}

export interface NetworkPolicy {
  readonly namespace: string
  readonly name: string
  readonly pods: Selector
  /** In these the pods it selects are isolated: only what a rule of some policy allows is allowed. */
  readonly rules: Readonly<Partial<Record<PolicyDirection, readonly Rule[]>>>
}

export function selects(selector: Selector, labels: Labels): boolean {
  return selector.every((requirement) => isMet(requirement, labels))
}

function isMet({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}
