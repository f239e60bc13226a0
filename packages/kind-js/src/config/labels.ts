import { show } from './check.ts'

const name = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const domain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/** Those of Kubernetes' own that a kubelet may give its node. With any other it does not start. */
const kubeletLabels = [
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]

/** What is wrong with a label's name on a node; nothing where it is right. */
export function complainOfLabelName(label: string): string | undefined {
  const slash = label.indexOf('/')
  const prefix = slash < 0 ? undefined : label.slice(0, slash)
  if (
    !name.test(label.slice(slash + 1)) ||
    (prefix !== undefined && (!domain.test(prefix) || prefix.length > 253))
  )
    return `${show(label)} is not a label: up to 63 of letters, digits, "-", "_" and ".", after a domain and "/" if any`
  if (prefix !== undefined && isReserved(prefix) && !isForKubelets(prefix) && !kubeletLabels.includes(label))
    return (
      `${show(label)} makes the kubelet refuse to start; allowed of kubernetes.io and k8s.io: ` +
      `kubelet.kubernetes.io/..., node.kubernetes.io/..., ${kubeletLabels.slice(0, 6).join(', ')}`
    )
  return undefined
}

/** What is wrong with a label's value; nothing where it is right. */
export function complainOfLabelValue(value: string): string | undefined {
  if (value === '' || name.test(value)) return undefined
  return `must be up to 63 of letters, digits, "-", "_" and ".", and is ${show(value)}`
}

function isReserved(prefix: string): boolean {
  return isWithin(prefix, 'kubernetes.io') || isWithin(prefix, 'k8s.io')
}

function isForKubelets(prefix: string): boolean {
  return isWithin(prefix, 'kubelet.kubernetes.io') || isWithin(prefix, 'node.kubernetes.io')
}

function isWithin(prefix: string, parent: string): boolean {
  return prefix === parent || prefix.endsWith(`.${parent}`)
}
