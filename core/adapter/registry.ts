import { type Adapter, AdapterContractError, contractProblems } from './define.ts'

export interface AdapterRegistry {
  get: (id: string) => Adapter | undefined
  list: () => readonly Adapter[]
  /** Experimental, and the operator did not ask for those: it is there, and not offered. */
  isWithheld: (id: string) => boolean
}

/**
 * Holds every adapter, ours and third parties', to the same contract. Throws AdapterContractError at start; two of one id
 * are a problem too, because silence would choose between them.
 */
export function createRegistry (adapters: readonly Adapter[], { experimental = false }: { experimental?: boolean } = {}): AdapterRegistry {
  const byId = new Map<string, Adapter>()
  const withheld = new Set<string>()
  for (const adapter of adapters) {
    const problems = contractProblems(adapter)
    if (problems.length > 0) throw new AdapterContractError(String(adapter?.manifest?.id), problems)
    const { id } = adapter.manifest
    if (byId.has(id) || withheld.has(id)) throw new AdapterContractError(id, ['another adapter has this id'])
    if (adapter.manifest.experimental && !experimental) withheld.add(id)
    else byId.set(id, experimental ? adapter : withoutExperimental(adapter))
  }
  const list = [...byId.values()]
  return { get: id => byId.get(id), list: () => list, isWithheld: id => withheld.has(id) }
}

/** Without the methods whose facts are incomplete. */
function withoutExperimental (adapter: Adapter): Adapter {
  const { manifest } = adapter
  const methods = manifest.methods.filter(method => method.experimental !== true)
  return methods.length === manifest.methods.length ? adapter : { ...adapter, manifest: { ...manifest, methods } }
}
