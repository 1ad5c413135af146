import { useEffect, useEffectEvent, useState } from 'react'
import { useSession } from '../shell/session.tsx'
import { client } from './client.ts'
import { useRefresh } from './hooks.ts'

/** Changes that come together are read once. */
const togetherMs = 400

/**
 * Reads areas of the API (`/v1/alerts`) anew whenever something happens: by `GET /v1/stream`, for the page that shows them.
 * `types`: only these events (`payment.*`). Says whether the server is listening; who may not read events is told nothing.
 */
export function useLive (areas: readonly string[], types?: readonly string[]): boolean {
  const { may } = useSession()
  const refresh = useRefresh()
  const [live, setLive] = useState(false)
  const again = useEffectEvent(() => { void refresh(areas) })
  const wanted = types?.join(' ')
  const allowed = may('events:read')
  useEffect(() => {
    if (!allowed) return
    const end = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const listen = async (): Promise<void> => {
      for await (const { kind } of client.changes({ signal: end.signal, ...(wanted !== undefined && { types: wanted.split(' ') }) })) {
        setLive(true)
        if (kind !== 'stream.opened') {
          timer ??= setTimeout(() => {
            timer = undefined
            again()
          }, togetherMs)
        }
      }
    }
    listen().catch(() => {}).finally(() => setLive(false))
    return () => {
      end.abort()
      clearTimeout(timer)
    }
  }, [allowed, wanted])
  return live
}
