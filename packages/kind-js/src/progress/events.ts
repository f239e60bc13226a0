/** The parts of making a cluster, in the order that kind does them; which there are depends on the configuration. */
export type Step =
  /** The node image is looked for, and pulled where it is not there. Once for each image. */
  | 'image'
  /** Containers are started. */
  | 'nodes'
  /** The load balancer before several control planes. */
  | 'load-balancer'
  /** kubeadm's configuration is written. */
  | 'configuration'
  /** `kubeadm init`. */
  | 'control-plane'
  | 'cni'
  | 'storage'
  | 'more-control-planes'
  | 'workers'
  /** kind waits for the control planes to be ready. */
  | 'ready'
  /** One that this library does not know; its title says more. */
  | 'other'

interface EndedStep {
  readonly step: Step
  readonly title: string
  /** How long it took; unknown where kind did not say when it began, as in a terminal. */
  readonly milliseconds: number | undefined
}

/** What happens while a command of kind's runs. */
export type Progress =
  | { readonly type: 'creating'; readonly cluster: string }
  | { readonly type: 'step-started'; readonly step: Step; readonly title: string }
  | ({ readonly type: 'step-succeeded' } & EndedStep)
  | ({ readonly type: 'step-failed' } & EndedStep)
  /** The control planes are ready. */
  | { readonly type: 'ready' }
  /** kind has waited for as long as it was told to, and goes on. */
  | { readonly type: 'not-ready' }
  | { readonly type: 'deleting'; readonly cluster: string }
  | { readonly type: 'deleted'; readonly nodes: readonly string[] }
  /** A cluster that was only half made is removed. */
  | { readonly type: 'cleaning-up'; readonly cluster: string }
  | { readonly type: 'error'; readonly message: string }
  /** Anything else that kind says, such as a warning. */
  | { readonly type: 'output'; readonly line: string }
