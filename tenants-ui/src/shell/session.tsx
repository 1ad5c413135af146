import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import { acting, actIn, type Answer, ApiProblem, ask, type Mode, whenSignedOut } from '../api/client.ts'
import { useLanguage } from '../i18n/language.tsx'
import { read, write } from '../storage.ts'
import { accessTo } from './support-access.ts'

export type OpenSession = Answer<'get', '/v1/sessions/current'>
type Tenant = Answer<'get', '/v1/tenants/current'>

interface Who {
  session: OpenSession
  /** The tenant that requests act in: the person's own, or the one that platform staff entered. */
  tenant: Tenant
  mode: Mode
  setMode: (mode: Mode) => void
  /** Platform staff enter a tenant; null: back home. */
  enterTenant: (id: string | null) => void
  /** Of a button or a page. The server judges: this only hides what it would refuse. */
  may: (scope: string) => boolean
  /** At the platform itself, in no tenant. */
  atPlatform: boolean
  signOut: () => Promise<void>
}

const Context = createContext<Who | null>(null)

export function useSession (): Who {
  const who = useContext(Context)
  if (who === null) throw new Error('only inside of the shell')
  return who
}

const sessionKey = ['session']
const tenantKey = (entered: string | null): readonly unknown[] => ['/v1/tenants/current', {}, entered]
/** Whether somebody was signed in here when this was last known: only a hint, so that nobody waits for two answers one after the other. */
const hint = 'signed-in'

async function readSession (): Promise<OpenSession | null> {
  const session = await ask('get', '/v1/sessions/current').catch((error: unknown) => {
    if (error instanceof ApiProblem && (error.status === 401 || error.status === 404)) return null
    throw error
  })
  acting.csrf = session?.csrf_token
  if (session !== null && session.tenant.kind !== 'platform') actIn({ tenant: null })
  write(hint, session === null ? null : '1')
  return session
}

/** Asks who sits here, and for their tenant, before there is anything to show; true when somebody was signed in. */
export function beginSession (client: QueryClient): boolean {
  void client.prefetchQuery({ queryKey: sessionKey, queryFn: readSession, staleTime: Infinity })
  const known = read(hint) !== null
  // Whoever visits another tenant may be visiting no longer: that is found out below.
  if (known && acting.tenant === null) client.fetchQuery({ queryKey: tenantKey(null), queryFn: async () => await ask('get', '/v1/tenants/current'), staleTime: 60_000 }).catch(() => client.removeQueries({ queryKey: tenantKey(null) }))
  return known
}

/**
 * Who sits here. Asks for the session once; when there is none, or the server no longer knows it, whatever was read is forgotten
 * and `signedOut` is shown in its place.
 */
export function SessionProvider ({ children, waiting, signedOut, failed }: { children: ReactNode, waiting: ReactNode, signedOut: (ended: boolean) => ReactNode, failed: (problem: ApiProblem, again: () => void) => ReactNode }) {
  const client = useQueryClient()
  const { setCountry } = useLanguage()
  const [mode, setModeState] = useState(acting.mode)
  const [entered, setEntered] = useState(acting.tenant)
  const [ended, setEnded] = useState(false)

  const session = useQuery<OpenSession | null, ApiProblem>({
    queryKey: sessionKey,
    queryFn: readSession,
    staleTime: Infinity
  })
  const signedIn = session.data != null
  const tenant = useQuery<Tenant, ApiProblem>({
    queryKey: tenantKey(entered),
    queryFn: async () => await ask('get', '/v1/tenants/current').catch((error: unknown) => {
      // A tenant that was entered in another time: home again.
      if (!(error instanceof ApiProblem) || error.status !== 403 || acting.tenant === null) throw error
      actIn({ tenant: null })
      setEntered(null)
      return ask('get', '/v1/tenants/current')
    }),
    enabled: signedIn,
    staleTime: 60_000
  })

  const forget = useCallback(() => {
    acting.csrf = undefined
    write(hint, null)
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
    client.setQueryData(sessionKey, null)
  }, [client])

  useEffect(() => {
    whenSignedOut(() => {
      if (client.getQueryData(sessionKey) == null) return
      setEnded(true)
      forget()
    })
  }, [client, forget])
  useEffect(() => { setCountry(tenant.data?.country) }, [tenant.data?.country, setCountry])

  const value = useMemo<Who | null>(() => {
    if (session.data == null || tenant.data === undefined) return null
    const scopes = new Set(session.data.scopes)
    return {
      session: session.data,
      tenant: tenant.data,
      mode,
      setMode: wanted => {
        actIn({ mode: wanted })
        setModeState(wanted)
        client.removeQueries({ predicate: ({ queryKey: [first] }) => first !== sessionKey[0] && first !== '/v1/tenants/current' })
      },
      enterTenant: id => {
        actIn({ tenant: id })
        setEntered(id)
        client.removeQueries({ predicate: ({ queryKey: [first] }) => first !== sessionKey[0] })
      },
      // Support that entered only to look changes nothing there, but may end its access.
      may: scope => scopes.has(scope) && !(entered !== null && session.data!.user.role === 'support' && scope.endsWith(':write') && accessTo(entered)?.kind !== 'repair'),
      atPlatform: session.data.tenant.kind === 'platform' && entered === null,
      signOut: async () => {
        await ask('delete', '/v1/sessions/{id}', { path: { id: 'current' } }).catch(() => {})
        actIn({ tenant: null })
        setEntered(null)
        setEnded(false)
        forget()
      }
    }
  }, [session.data, tenant.data, mode, entered, client, forget])

  if (session.isPending) return waiting
  if (session.isError) return failed(session.error, () => { void session.refetch() })
  if (session.data === null) return signedOut(ended)
  if (tenant.isError) return failed(tenant.error, () => { void tenant.refetch() })
  if (value === null) return waiting
  return <Context value={value}>{children}</Context>
}

/** After a login: the session that the answer told. */
export function useSignedIn (): (session: OpenSession) => void {
  const client = useQueryClient()
  return useCallback(session => {
    acting.csrf = session.csrf_token
    write(hint, '1')
    client.setQueryData(sessionKey, session)
  }, [client])
}
