import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { type Answer, type ApiProblem, ask, type Asked, type Method, type Paths } from './client.ts'

/** The key under which an answer is kept: its path first, so that `invalidates` can name a whole area. */
export const keyOf = (path: string, asked: object = {}): readonly unknown[] => [path, asked]

/**
 * Reads from the API and keeps it fresh. `every`: also asks again after so many ms while the page is seen (waiting for something
 * to happen); what it answers decides.
 */
export function useRead<P extends Paths<'get'>> (path: P, asked?: Asked<'get', P>, { enabled = true, every }: { enabled?: boolean, every?: number | false | ((answer: Answer<'get', P> | undefined) => number | false) } = {}) {
  return useQuery<Answer<'get', P>, ApiProblem>({
    queryKey: keyOf(path, asked ?? {}),
    queryFn: async ({ signal }) => await ask('get', path, { ...asked, signal } as Asked<'get', P>),
    enabled,
    ...(every !== undefined && { refetchInterval: typeof every === 'function' ? query => every(query.state.data) : every })
  })
}

/**
 * Changes something. One wish is one Idempotency-Key: pressing again after an answer that never came sends the same one, so that
 * nothing is done twice; a new wish begins after an answer, good or bad, and with other words. `invalidates`: areas
 * (`/v1/payments`) that are read anew.
 */
export function useChange<M extends Exclude<Method, 'get'>, P extends Paths<M>> (method: M, path: P, { invalidates = [], onDone }: { invalidates?: readonly string[], onDone?: (answer: Answer<M, P>) => void } = {}) {
  const refresh = useRefresh()
  const wish = useRef<{ key: string, said: unknown }>(undefined)
  return useMutation<Answer<M, P>, ApiProblem, Asked<M, P> | void>({
    mutationFn: async asked => {
      const given = (asked ?? {}) as { path?: unknown, query?: unknown, body?: unknown }
      const said = given.body instanceof FormData ? given.body : JSON.stringify([given.path, given.query, given.body])
      if (wish.current?.said !== said) wish.current = { key: crypto.randomUUID(), said }
      return await ask(method, path, { ...given, ...(method === 'post' && { idempotencyKey: wish.current.key }) } as Asked<M, P>)
    },
    onError: ({ status, code }) => { if (status >= 400 && status < 500 && code !== 'idempotency_in_progress') wish.current = undefined },
    onSuccess: async answer => {
      wish.current = undefined
      await refresh(invalidates)
      onDone?.(answer)
    }
  })
}

/** Reads areas of the API anew: `/v1/payments` and all below it. */
export function useRefresh (): (areas: readonly string[]) => Promise<void> {
  const client = useQueryClient()
  return async areas => await client.invalidateQueries({ predicate: ({ queryKey: [first] }) => typeof first === 'string' && areas.some(area => first === area || first.startsWith(`${area}/`)) })
}

/** The sentence about one field of what was sent, where the server named it. */
export const fieldError = (error: ApiProblem | null, path: string): string | undefined => error?.errors.find(field => field.path === path)?.message
