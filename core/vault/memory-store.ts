import type { DataKeyRow, DataKeyStore } from './data-key-store.ts'

export interface MemoryDataKeyStore extends DataKeyStore {
  readonly rows: Map<string, DataKeyRow & { tenant: string }>
  /** How often each method was called. */
  readonly calls: Record<keyof DataKeyStore, number>
}

/** A DataKeyStore for tests. `pause` runs before each access, so that calls interleave as they do over a network. */
export function memoryDataKeyStore (pause: () => Promise<void> = async () => {}): MemoryDataKeyStore {
  const rows: MemoryDataKeyStore['rows'] = new Map()
  const calls = { current: 0, byId: 0, insert: 0, listNotUnder: 0, replaceWrapped: 0 }
  const ofTenant = (tenant: string) => [...rows.values()].find(row => row.tenant === tenant)

  return {
    rows,
    calls,
    async current (tenant) {
      calls.current++
      await pause()
      return ofTenant(tenant)
    },
    async byId (tenant, id) {
      calls.byId++
      await pause()
      const row = rows.get(id)
      return row?.tenant === tenant ? row : undefined
    },
    async insert (tenant, row) {
      calls.insert++
      await pause()
      const winner = ofTenant(tenant) ?? { ...row, tenant }
      rows.set(winner.id, winner)
      return winner
    },
    async listNotUnder (masterKeyId, limit) {
      calls.listNotUnder++
      await pause()
      return [...rows.values()].filter(row => row.masterKeyId !== masterKeyId).slice(0, limit)
    },
    async replaceWrapped (tenant, id, oldWrapped, newWrapped, masterKeyId) {
      calls.replaceWrapped++
      await pause()
      const row = rows.get(id)
      if (row?.tenant !== tenant || row.wrapped !== oldWrapped) return false
      rows.set(id, { ...row, wrapped: newWrapped, masterKeyId })
      return true
    }
  }
}
