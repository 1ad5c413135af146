import { type Adapter, AdapterContractError, contractProblems } from './define.ts'

export interface AdapterRegistry {
  get: (id: string) => Adapter | undefined
  list: () => readonly Adapter[]
}

/**
 * Holds every adapter, ours and third parties', to the same contract. Throws AdapterContractError at start; two of one id
 * are a problem too, because silence would choose between them.
 */
export function createRegistry (adapters: readonly Adapter[], { experimental = false }: { experimental?: boolean } = {}): AdapterRegistry {
  const byId = new Map<string, Adapter>()
  for (const adapter of adapters) {
    const problems = contractProblems(adapter)
    if (problems.length > 0) throw new AdapterContractError(String(adapter?.manifest?.id), problems)
    const { id } = adapter.manifest
    if (byId.has(id)) throw new AdapterContractError(id, ['another adapter has this id'])
    if (!adapter.manifest.experimental || experimental) byId.set(id, adapter)
  }
  const list = [...byId.values()]
  return { get: id => byId.get(id), list: () => list }
}
