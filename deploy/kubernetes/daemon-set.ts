import {
  agentContainer,
  agentName,
  agentSocket,
  keyFile,
  keySecret,
  runDirectory,
  settingsDirectory,
} from '../../agent/kubernetes/names.ts'
import { inSystem, type KubernetesObject, labels } from './object.ts'
import type { AgentSettings } from './settings.ts'

/** Of loopback, in the node's own network: for the kubelet, and whoever reads metrics there. */
const probePort = 22_352
/** Where the agent finds the node's /proc/sys/net: its own is there for reading only. */
const sysctlDirectory = '/run/wireproof-sysctl'
const cniDirectory = '/etc/cni/net.d'
const storeDirectory = `${runDirectory}/cluster`
const tokenDirectory = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Of a pod: the image that it was made with. */
const imageDigestAnnotation = 'wireproof.dev/image-digest'

const nodeName = { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }
const runMount = { name: 'run', mountPath: runDirectory }
const unprivileged = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  seccompProfile: { type: 'RuntimeDefault' },
}
/** bpf() needs CAP_BPF and, for programs on devices and maps of theirs, CAP_NET_ADMIN and CAP_PERFMON. */
export const agentSecurity = {
  ...unprivileged,
  capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'BPF', 'PERFMON'] },
}

export function daemonSet({
  image,
  imageDigest,
  wire,
  isNetwork,
  addresses,
}: AgentSettings): KubernetesObject {
  const mirror = {
    image,
    command: ['node', 'agent/kubernetes/main.ts'],
    env: [nodeName],
    securityContext: unprivileged,
    volumeMounts: [runMount, { name: 'token', mountPath: tokenDirectory, readOnly: true }],
  }
  const mirrorArguments = [
    ...['--node=$(NODE)', `--cluster=${storeDirectory}`, `--socket=${agentSocket}`],
    ...(addresses === 'ranges' ? [] : [`--addresses=${addresses}`]),
  ]
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: inSystem(agentName),
    spec: {
      selector: { matchLabels: { 'app.kubernetes.io/name': agentName } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      template: {
        metadata: {
          labels,
          ...(imageDigest !== undefined && { annotations: { [imageDigestAnnotation]: imageDigest } }),
        },
        spec: {
          serviceAccountName: agentName,
          automountServiceAccountToken: false,
          hostNetwork: true,
          priorityClassName: 'system-node-critical',
          terminationGracePeriodSeconds: 5,
          tolerations: [{ operator: 'Exists' }],
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          initContainers: [
            {
              ...mirror,
              name: 'first-reading',
              args: [...mirrorArguments, '--once'],
              resources: { requests: { cpu: '50m', memory: '64Mi' } },
            },
          ],
          containers: [
            {
              name: agentContainer,
              image,
              command: ['node', 'agent/main.ts'],
              args: [
                '--node=$(NODE)',
                `--cluster=${storeDirectory}`,
                '--mirrored',
                `--key=${settingsDirectory}/${keyFile}`,
                `--socket=${agentSocket}`,
                `--wire=${wire}`,
                '--pods=routes',
                '--without-esp=guard',
                `--metrics=${probePort}`,
                `--sysctls=${sysctlDirectory}`,
              ],
              env: [nodeName],
              securityContext: agentSecurity,
              resources: { requests: { cpu: '50m', memory: '96Mi' } },
              volumeMounts: [
                runMount,
                { name: 'key', mountPath: settingsDirectory, readOnly: true },
                { name: 'bpffs', mountPath: '/sys/fs/bpf' },
                { name: 'sysctls', mountPath: `${sysctlDirectory}/net` },
              ],
              startupProbe: { ...probe('healthz'), periodSeconds: 1, failureThreshold: 120 },
              livenessProbe: { ...probe('healthz'), periodSeconds: 10, failureThreshold: 3 },
              readinessProbe: { ...probe('readyz'), periodSeconds: 5 },
            },
            {
              ...mirror,
              name: 'mirror',
              args: [...mirrorArguments, ...(isNetwork ? [`--cni=${cniDirectory}`, `--wire=${wire}`] : [])],
              volumeMounts: [
                ...mirror.volumeMounts,
                ...(isNetwork ? [{ name: 'cni', mountPath: cniDirectory }] : []),
              ],
              resources: { requests: { cpu: '20m', memory: '64Mi' } },
            },
          ],
          volumes: [
            { name: 'run', hostPath: { path: runDirectory, type: 'DirectoryOrCreate' } },
            { name: 'bpffs', hostPath: { path: '/sys/fs/bpf', type: 'Directory' } },
            { name: 'sysctls', hostPath: { path: '/proc/sys/net', type: 'Directory' } },
            ...(isNetwork
              ? [{ name: 'cni', hostPath: { path: cniDirectory, type: 'DirectoryOrCreate' } }]
              : []),
            { name: 'key', secret: { secretName: keySecret, defaultMode: 0o400 } },
            {
              name: 'token',
              projected: {
                defaultMode: 0o400,
                sources: [
                  { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
                  {
                    configMap: {
                      name: 'kube-root-ca.crt',
                      items: [{ key: 'ca.crt', path: 'ca.crt' }],
                    },
                  },
                ],
              },
            },
          ],
        },
      },
    },
  }
}

/** The agent itself is asked. To start a program for each question would take more than the rest of what an idle agent does. */
function probe(question: 'healthz' | 'readyz') {
  return { httpGet: { host: '127.0.0.1', port: probePort, path: `/${question}` }, timeoutSeconds: 5 }
}
