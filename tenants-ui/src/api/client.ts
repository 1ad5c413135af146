import { createClient, type Options, PasarelaError, type paths, type Success } from '@pasarela/client'
import { presentLanguage } from '../i18n/language.tsx'
import { read, write } from '../storage.ts'

/**
 * The only door to the server: the public API through `@pasarela/client`, as the session's cookie lets it. What every request
 * says beside its own (mode, tenant, language, CSRF token) is said here.
 */

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
export type Paths<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths]
type Operation<M extends Method, P extends keyof paths> = M extends keyof paths[P] ? paths[P][M] : never
/** What a call answers when it goes well. `Answer<'get', '/v1/connections/{id}'>` is a connection. */
export type Answer<M extends Method, P extends Paths<M>> = Success<Operation<M, P>>
/** `path`, `query`, `body`, as the route wants them, and `idempotencyKey`, `headers`, `signal`. */
export type Asked<M extends Method, P extends Paths<M>> = Options<P, M>

/** Every failure of a call: `code`, `status` (0: no answer came), `errors`, `provider`, `requestId`, `retryAfterMs`. */
export { PasarelaError as ApiProblem }

export type Mode = 'test' | 'live'

/** In which mode and for which tenant requests act, and the token of the session. Changed by the shell only (session.tsx). */
export const acting = {
  mode: (read('mode') === 'live' ? 'live' : 'test') as Mode,
  /** Platform staff in somebody's tenant. */
  tenant: read('tenant', 'session'),
  csrf: undefined as string | undefined
}

export function actIn ({ mode, tenant }: { mode?: Mode, tenant?: string | null }): void {
  if (mode !== undefined) {
    acting.mode = mode
    write('mode', mode)
  }
  if (tenant !== undefined) {
    acting.tenant = tenant
    write('tenant', tenant, 'session')
  }
}

/** A person waits: two more tries, soon, then the truth. */
export const client = createClient({
  url: window.location.origin,
  session: { csrfToken: () => acting.csrf },
  mode: () => acting.mode,
  tenant: () => acting.tenant ?? undefined,
  language: presentLanguage,
  retries: 2,
  firstWaitMs: 300,
  maxRetryAfterMs: 2_000
})

let onSignedOut: () => void = () => {}
/** Told when the server no longer knows the session. */
export function whenSignedOut (told: () => void): void { onSignedOut = told }

/** Asks the server. Throws `ApiProblem`. */
export async function ask<M extends Method, P extends Paths<M>> (method: M, path: P, asked?: Asked<M, P>): Promise<Answer<M, P>> {
  const call = client[method] as (path: string, asked?: object) => Promise<Answer<M, P>>
  return await seen(path as string, call(path as string, asked))
}

/** A file of the API, as whoever is signed in. Throws `ApiProblem`. */
export async function fetchFile (path: Paths<'get'>, asked: { path?: object, query?: object }) {
  const fetched = client.download as (path: string, asked?: object) => ReturnType<typeof client.download>
  return await seen(path as string, fetched(path as string, asked))
}

async function seen<T> (path: string, work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    if (error instanceof PasarelaError && error.status === 401 && path !== '/v1/sessions' && path !== '/v1/sessions/current') onSignedOut()
    throw error
  })
}
