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
    let listening: AbortController | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    const listen = async (signal: AbortSignal): Promise<void> => {
      for await (const { kind } of client.changes({ signal, ...(wanted !== undefined && { types: wanted.split(' ') }) })) {
        setLive(true)
        if (kind !== 'stream.opened') {
          timer ??= setTimeout(() => {
            timer = undefined
            again()
          }, togetherMs)
        }
      }
    }
    const begin = (): void => {
      listening = new AbortController()
      listen(listening.signal).catch(() => {}).finally(() => setLive(false))
    }
    const leave = (): void => {
      listening?.abort()
      listening = undefined
    }
    // A browser has few connections to one server: a tab that nobody looks at leaves its own to others, and reads anew when it is back.
    const attend = (): void => {
      if (document.hidden) return leave()
      if (listening !== undefined) return
      begin()
      again()
    }
    if (!document.hidden) begin()
    document.addEventListener('visibilitychange', attend)
    return () => {
      document.removeEventListener('visibilitychange', attend)
      leave()
      clearTimeout(timer)
    }
  }, [allowed, wanted])
  return live
}
