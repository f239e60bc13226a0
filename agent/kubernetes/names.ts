/** What things are called in Kubernetes: the agent, the manifests, and labs must agree. */
export const apiGroup = 'wireproof.dev'
export const apiVersion = 'v1alpha1'
export const plurals = { wireproofNodes: 'wireproofnodes', encryptionPolicies: 'encryptionpolicies' } as const

export const systemNamespace = 'wireproof-system'
export const agentName = 'wireproof-agent'
export const agentContainer = 'agent'

/** What a ConfigMap and a Secret hold, by the names of the files that they are mounted as. */
export const settingsConfigMap = 'wireproof-settings'
export const settingsFile = 'config.json'
export const keySecret = 'wireproof-key'
export const keyFile = 'key'

/** On a node, in the agent's container and outside. */
export const settingsDirectory = '/etc/wireproof'
export const runDirectory = '/run/wireproof'
export const agentSocket = '/run/wireproof/agent.sock'
