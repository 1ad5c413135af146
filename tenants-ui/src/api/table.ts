import type { Answer, Asked, Paths } from './client.ts'
import { useRead } from './hooks.ts'

/** What a report answers as JSON: the same path gives files as well. */
export type Table<P extends Paths<'get'>> = Exclude<Answer<'get', P>, string>

/** Reads a report, with these filters. */
export function useTable<P extends Paths<'get'>> (path: P, query: Record<string, string | number>, options: { every?: number } = {}) {
  const { data, error, isError, isPending, refetch } = useRead(path, { query } as unknown as Asked<'get', P>, options)
  return { data: data as Table<P> | undefined, error, isError, isPending, refetch }
}
