import { stringify } from 'yaml'
import { agentManifests, scopeManifest } from './manifests.ts'
import { defaultSettings } from './settings.ts'

const note =
  '# Written by deploy/kubernetes/write.ts from manifests.ts, which Pulumi takes them from as well: change them there.\n'

/** What `kubectl apply -k deploy/kubernetes` reads, and what is applied after it. The Secret with the cluster key is not among it: no two clusters share one. */
export function manifestFiles(): Readonly<Record<string, string>> {
  const objects = agentManifests(defaultSettings)
  const isDefinition = ({ kind }: { kind: string }) => kind === 'CustomResourceDefinition'
  const documents = (chosen: typeof objects) =>
    note +
    chosen.map((each) => stringify(each, { lineWidth: 110, aliasDuplicateObjects: false })).join('---\n')
  return {
    'definitions.yaml': documents(objects.filter(isDefinition)),
    'agent.yaml': documents(objects.filter((each) => !isDefinition(each))),
    'scope.yaml': documents([scopeManifest]),
    'kustomization.yaml': `${note}${stringify({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['definitions.yaml', 'agent.yaml'],
    })}`,
  }
}
