import {
  apiGroup,
  apiVersion,
  keyFile,
  keySecret,
  settingsConfigMap,
  settingsFile,
  systemNamespace,
} from '../../agent/kubernetes/names.ts'
import { daemonSet } from './daemon-set.ts'
import { encryptionPolicyDefinition, wireproofNodeDefinition } from './definitions.ts'
import { inSystem, type KubernetesObject, labels, named } from './object.ts'
import { rights } from './rights.ts'
import type { AgentSettings } from './settings.ts'

/** Everything that a cluster needs for an agent on every node, but for the Secret with the cluster key. */
export function agentManifests(settings: AgentSettings): KubernetesObject[] {
  return [
    namespace,
    wireproofNodeDefinition,
    encryptionPolicyDefinition,
    ...rights,
    settingsManifest(settings),
    daemonSet(settings),
  ]
}

/**
 * What is encrypted where nobody says otherwise: with what pods send, what nodes send themselves. Without it, strict mode lets no
 * pod reach a node other than its own, and with that not the API server. To be applied once its kind is known to the server.
 */
export const scopeManifest: KubernetesObject = {
  apiVersion: `${apiGroup}/${apiVersion}`,
  kind: 'EncryptionPolicy',
  metadata: named('pods-and-nodes'),
  spec: { nodes: 'all' },
}

/** @param key in the form that agents read: `3+ rfc4106(gcm(aes)) <hex> 128`. */
export function keyManifest(key: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: inSystem(keySecret),
    type: 'Opaque',
    stringData: { [keyFile]: key },
  }
}

const namespace: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: systemNamespace,
    labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'privileged' },
  },
}

export function settingsManifest({
  encryptL3,
  strict,
  routing,
  clusterCidrs,
}: AgentSettings): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inSystem(settingsConfigMap),
    data: { [settingsFile]: `${JSON.stringify({ encryptL3, strict, routing, clusterCidrs })}\n` },
  }
}
