import { adapters as ours } from '../adapters/index.ts'
import type { Adapter } from './adapter/define.ts'
import { type AdapterRegistry, createRegistry } from './adapter/registry.ts'

/**
 * Ours, and the npm packages that the operator names in PASARELA_ADAPTERS (their default export is the adapter).
 * This is the only file of core that knows the list. Throws when a package is missing or breaks the contract.
 */
export async function loadAdapters ({ packages, experimental }: { packages: readonly string[], experimental: boolean }): Promise<AdapterRegistry> {
  const theirs = await Promise.all(packages.map(async name => {
    const loaded = await import(name) as { default?: Adapter }
    if (loaded.default === undefined) throw new Error(`${name} has no default export; an adapter package exports what defineAdapter returned`)
    return loaded.default
  }))
  return createRegistry([...ours, ...theirs], { experimental })
}
