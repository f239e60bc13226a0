/** Where `kindest/node` is. Any answer will do: one that asks for a password is a registry too. */
const registry = 'https://registry-1.docker.io/v2/'

/** Whether an image registry can be reached from here. */
export async function registryInReach(signal?: AbortSignal, url = registry): Promise<boolean> {
  const patience = AbortSignal.timeout(5000)
  try {
    const { status, headers } = await fetch(url, {
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    })
    return status === 200 || (status === 401 && headers.has('docker-distribution-api-version'))
  } catch {
    signal?.throwIfAborted()
    return false
  }
}
