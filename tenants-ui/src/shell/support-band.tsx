import { Button, Group, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { useLocation } from 'wouter'
import { ApiProblem } from '../api/client.ts'
import { useChange } from '../api/hooks.ts'
import { useFormats } from '../i18n/format.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { tell } from '../ui/notices.ts'
import { ProblemAlert } from '../ui/problem.tsx'
import { useSession } from './session.tsx'
import css from './shell.module.css'
import { accessTo, forgetAccess } from './support-access.ts'

const words = texts({
  es: {
    inside: (tenant: string) => `Acceso de soporte a ${tenant}`,
    look: 'solo mirar',
    repair: 'reparar',
    left: (minutes: string) => `quedan ${minutes} min`,
    over: 'terminó',
    seen: 'Todo lo que haga queda en su registro.',
    end: 'Terminar y salir',
    ended: 'El acceso terminó: está otra vez fuera.'
  },
  en: {
    inside: (tenant: string) => `Support access to ${tenant}`,
    look: 'only to look',
    repair: 'to repair',
    left: (minutes: string) => `${minutes} min left`,
    over: 'is over',
    seen: 'All that you do is in their log.',
    end: 'End it and leave',
    ended: 'The access is over: you are outside again.'
  }
})

/** Over every page while support is in a tenant: why, for how long, and the way out. */
export function SupportBand () {
  const text = useTexts(words)
  const { number } = useFormats()
  const { tenant, enterTenant } = useSession()
  const [, go] = useLocation()
  const access = accessTo(tenant.id)
  const until = access?.expires_at
  const [now, setNow] = useState(() => Date.now())
  const leave = () => {
    forgetAccess()
    enterTenant(null)
    go('/support')
  }
  const end = useChange('post', '/v1/support_access/{id}/end', { onDone: leave })
  const client = useQueryClient()
  const left = useRef(false)
  const over = useEffectEvent(() => {
    if (left.current) return
    left.current = true
    leave()
    tell(text.ended)
  })
  const look = useEffectEvent(() => {
    setNow(Date.now())
    // By this clock its time is over; the server knows, and says so to whatever is read.
    if (until !== undefined && Date.parse(until) <= Date.now()) void client.invalidateQueries()
  })
  useEffect(() => {
    const clock = setInterval(() => look(), 15_000)
    // Nothing of theirs stays on the screen once the server refuses it.
    const unsubscribe = client.getQueryCache().subscribe(({ type, query }) => {
      if (type === 'updated' && query.state.error instanceof ApiProblem && query.state.error.code === 'support_access_required') over()
    })
    return () => {
      clearInterval(clock)
      unsubscribe()
    }
  }, [client])
  const minutes = until === undefined ? 0 : Math.ceil((new Date(until).getTime() - now) / 60_000)
  return (
    <>
      <Group className={css.visiting} justify='space-between' gap='sm' role='status' data-support={access?.kind ?? 'unknown'}>
        <div>
          <Text size='sm' fw={600}>{text.inside(tenant.name)}{access !== undefined && ` · ${text[access.kind]} · ${minutes > 0 ? text.left(number(minutes)) : text.over}`}</Text>
          <Text size='xs'>{access === undefined ? text.seen : `${access.reason} — ${text.seen}`}</Text>
        </div>
        <Button size='xs' variant='white' color='dark' loading={end.isPending} onClick={() => { if (access === undefined || minutes <= 0) leave(); else end.mutate({ path: { id: access.id } }) }}>{text.end}</Button>
      </Group>
      <ProblemAlert error={end.error} />
    </>
  )
}
