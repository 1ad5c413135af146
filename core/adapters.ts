import path from 'node:path'
import { adapters as ours } from '../adapters/index.ts'
import type { Adapter } from './adapter/define.ts'
import { type AdapterRegistry, createRegistry } from './adapter/registry.ts'
import type { SatWorld } from './adapter/sat-world.ts'
import type { Simulator } from './adapter/simulator.ts'
import type { SriWorld } from './adapter/sri-world.ts'

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

/** The simulators that come with the adapters, for the demo mode and tests; loaded only then. `except`: adapters that the operator points elsewhere. */
export async function startSimulators ({ except, ports, stateDir, world, sri }: { except: readonly string[], ports: Readonly<Record<string, number>>, stateDir: string, world: SatWorld, sri: SriWorld }): Promise<Record<string, Simulator>> {
  const { simulators } = await import('../adapters/simulators.ts')
  const started = await Promise.all(Object.entries(simulators).filter(([id]) => !except.includes(id)).map(async ([id, startOne]) =>
    [id, await startOne({ port: ports[id] ?? 0, stateFile: path.join(stateDir, `${id}.json`), world, sri })] as const))
  return Object.fromEntries(started)
}
