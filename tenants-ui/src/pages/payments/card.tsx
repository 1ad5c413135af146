import { Alert, Box, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import { useRead, useRefresh } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useLanguage, useTexts } from '../../i18n/language.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { payments } from './texts.ts'

/** As much of Stripe.js as is used. https://docs.stripe.com/js, read 2026-11. */
interface Elements { create: (type: 'payment') => { mount: (at: HTMLElement) => void, on: (event: 'loaderror' | 'ready', told: () => void) => void, destroy: () => void } }
interface Stripe {
  elements: (options: { clientSecret: string, locale: string, appearance?: object }) => Elements
  confirmPayment: (options: { elements: Elements, confirmParams: { return_url: string }, redirect: 'if_required' }) => Promise<{ error?: { message?: string } }>
}

/** Stripe asks that its script always comes from here, and never from a copy. */
const scriptUrl = 'https://js.stripe.com/v3/'

/**
 * The provider's own card fields: an iframe of theirs in our page, so that the number never passes here. The page is opened as a
 * whole (not from within the console), because only its own answer carries the policy that lets the provider's script in
 * (plugins/console.ts). Where the script or its frame does not come up, the provider's page is offered instead.
 */
export default function CardPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(payments)
  const { money } = useFormats()
  const { language } = useLanguage()
  const [, go] = useLocation()
  const refresh = useRefresh()
  const payment = useRead('/v1/payments/{id}', { path: { id } })
  const place = useRef<HTMLDivElement>(null)
  const held = useRef<{ stripe: Stripe, elements: Elements }>(undefined)
  const [state, setState] = useState<'loading' | 'ready' | 'blocked' | 'paying'>('loading')
  const [refused, setRefused] = useState<string>()
  const action = payment.data?.next_action
  const secret = action?.type === 'client_secret' ? String(action.client_secret) : undefined
  const key = action?.type === 'client_secret' ? String(action.publishable_key) : undefined

  useEffect(() => {
    if (secret === undefined || key === undefined) return undefined
    let over = false
    let element: ReturnType<Elements['create']> | undefined
    loadStripe().then(make => {
      if (over || place.current === null) return
      const stripe = make(key)
      const elements = stripe.elements({ clientSecret: secret, locale: language, appearance: { theme: document.documentElement.dataset.mantineColorScheme === 'dark' ? 'night' : 'stripe' } })
      held.current = { stripe, elements }
      element = elements.create('payment')
      element.on('ready', () => setState('ready'))
      element.on('loaderror', () => setState('blocked'))
      element.mount(place.current)
    }).catch(() => { if (!over) setState('blocked') })
    return () => {
      over = true
      element?.destroy()
    }
  }, [secret, key, language])

  const back = { to: `/payments/${id}`, text: words.payment }
  if (payment.isError) return <Page title={words.cardTitle} back={back} narrow><ProblemAlert error={payment.error} again={() => { void payment.refetch() }} /></Page>
  if (payment.data === undefined) return <Page title={words.cardTitle} back={back} narrow><Waiting rows={2} height={120} /></Page>
  if (secret === undefined) return <Page title={words.cardTitle} back={back} narrow><Alert color='yellow'>{words.cardNotOpen}</Alert></Page>
  const pay = async () => {
    if (held.current === undefined) return
    setState('paying')
    setRefused(undefined)
    const { error } = await held.current.stripe.confirmPayment({ elements: held.current.elements, confirmParams: { return_url: `${window.location.origin}/payments/${id}` }, redirect: 'if_required' })
    if (error !== undefined) {
      setRefused(error.message ?? '')
      setState('ready')
      return
    }
    await refresh(['/v1/payments'])
    go(`/payments/${id}`, { replace: true })
  }
  return (
    <Page title={words.cardTitle} back={back} lead={words.cardLead(payment.data.provider)} narrow>
      <Paper p='lg' data-card={state}>
        <Stack gap='md'>
          <Text fw={650} size='lg'>{money(payment.data.amount, payment.data.currency)}</Text>
          {state === 'blocked' && <Alert color='yellow' role='alert' icon={<Icon name='warning' />}>{words.cardBlocked}<Group mt='sm'><Button component={Link} href='/payments/new?way=page' size='xs' variant='default'>{words.cardInstead}</Button></Group></Alert>}
          {state === 'loading' && <Waiting rows={2} height={52} />}
          <Box ref={place} display={state === 'blocked' ? 'none' : undefined} mih={state === 'ready' || state === 'paying' ? 120 : 0} />
          {refused !== undefined && <Alert color='red' role='alert' icon={<Icon name='warning' />}>{refused}</Alert>}
          {state !== 'blocked' && <Button size='md' w='fit-content' disabled={state === 'loading'} loading={state === 'paying'} onClick={() => { void pay() }}>{words.cardPay}</Button>}
        </Stack>
      </Paper>
    </Page>
  )
}

type Make = (key: string) => Stripe
let loading: Promise<Make> | undefined

function loadStripe (): Promise<Make> {
  loading ??= new Promise<Make>((resolve, reject) => {
    const script = document.createElement('script')
    script.src = scriptUrl
    script.async = true
    script.onload = () => {
      const made = (window as unknown as { Stripe?: Make }).Stripe
      if (made === undefined) reject(new Error('the script is not what it should be'))
      else resolve(made)
    }
    script.onerror = () => {
      loading = undefined
      script.remove()
      reject(new Error('the script was refused or not reached'))
    }
    document.head.append(script)
  })
  return loading
}
