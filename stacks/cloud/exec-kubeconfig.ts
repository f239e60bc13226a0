/** A kubeconfig without credentials: a program of the cloud's gives out a token whenever one is needed. */
export function execKubeconfig(
  name: string,
  cluster: { readonly server: string; readonly certificate: string },
  exec: {
    readonly command: string
    readonly args: readonly string[]
    readonly provideClusterInfo?: boolean
    readonly installHint: string
  },
): string {
  const user = { apiVersion: 'client.authentication.k8s.io/v1beta1', interactiveMode: 'Never', ...exec }
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      { name, cluster: { server: cluster.server, 'certificate-authority-data': cluster.certificate } },
    ],
    users: [{ name, user: { exec: user } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  })
}
