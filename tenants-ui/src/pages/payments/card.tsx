import { Alert, Box, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import { useRead, useRefresh } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useLanguage, useTexts } from '../../i18n/language.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { useNameOfProvider } from '../connections/names.ts'
import type { Payment } from './shown.tsx'
import { payments } from './texts.ts'

/** As much of Stripe.js as is used. https://docs.stripe.com/js, read 2026-11. */
interface Elements { create: (type: 'payment') => { mount: (at: HTMLElement) => void, on: (event: 'loaderror' | 'ready', told: () => void) => void, destroy: () => void } }
interface Stripe {
  elements: (options: { clientSecret: string, appearance?: object }) => Elements
  confirmPayment: (options: { elements: Elements, confirmParams: { return_url: string }, redirect: 'if_required' }) => Promise<{ error?: { message?: string } }>
}
type MakeStripe = (key: string, options: { locale: string, stripeAccount?: string }) => Stripe

/** Stripe asks that its script always comes from here, and never from a copy. */
const scriptUrl = 'https://js.stripe.com/v3/'

/** What the fields are opened with: `account` is the connected one, where the key is its platform's. */
interface Opened { secret: string, key: string, account: string | undefined }

/**
 * The provider's own card fields: an iframe of theirs in our page, so that the number never passes here. The page is opened as a
 * whole (not from within the console), because only its own answer carries the policy that lets the provider's script in
 * (plugins/console.ts), and left as a whole. Where the script or its frame does not come up, the provider's page is offered instead.
 */
export default function CardPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(payments)
  const nameOf = useNameOfProvider()
  const payment = useRead('/v1/payments/{id}', { path: { id } })
  // Kept from the first answer on: while the payer is at their bank the payment waits for something else.
  const [opened, setOpened] = useState<Opened>()
  const action = payment.data?.next_action
  if (opened === undefined && action?.type === 'client_secret' && typeof action.publishable_key === 'string') {
    setOpened({ secret: String(action.client_secret), key: action.publishable_key, account: typeof action.account === 'string' ? action.account : undefined })
  }
  useEffect(() => () => {
    // Whatever comes next gets the policy of its own again, and the provider's script does not follow.
    queueMicrotask(() => { if (window.location.pathname !== `/payments/${id}/card`) window.location.reload() })
  }, [id])

  const back = { to: `/payments/${id}`, text: words.payment }
  if (payment.isError) return <Page title={words.cardTitle} back={back} narrow><ProblemAlert error={payment.error} again={() => { void payment.refetch() }} /></Page>
  if (payment.data === undefined) return <Page title={words.cardTitle} back={back} narrow><Waiting rows={2} height={120} /></Page>
  if (opened === undefined) return <Page title={words.cardTitle} back={back} narrow><Alert color='yellow' icon={<Icon name='warning' />}>{action?.type === 'client_secret' ? words.cardNoKey : words.cardNotOpen}</Alert></Page>
  return <Page title={words.cardTitle} back={back} lead={words.cardLead(nameOf(payment.data.provider))} narrow><Fields payment={payment.data} opened={opened} /></Page>
}

function Fields ({ payment: { id, amount, currency }, opened: { secret, key, account } }: { payment: Payment, opened: Opened }) {
  const words = useTexts(payments)
  const { money } = useFormats()
  const { language } = useLanguage()
  const [, go] = useLocation()
  const refresh = useRefresh()
  const place = useRef<HTMLDivElement>(null)
  const held = useRef<{ stripe: Stripe, elements: Elements }>(undefined)
  const [state, setState] = useState<'loading' | 'ready' | 'blocked' | 'paying'>('loading')
  const [refused, setRefused] = useState<string>()

  useEffect(() => {
    let over = false
    let element: ReturnType<Elements['create']> | undefined
    loadStripe().then(make => {
      if (over || place.current === null) return
      const stripe = make(key, { locale: language, ...(account !== undefined && { stripeAccount: account }) })
      const elements = stripe.elements({ clientSecret: secret, appearance: { theme: document.documentElement.dataset.mantineColorScheme === 'dark' ? 'night' : 'stripe' } })
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
  }, [secret, key, account, language])

  const pay = async () => {
    if (held.current === undefined || state !== 'ready') return
    setState('paying')
    setRefused(undefined)
    const { stripe, elements } = held.current
    // What it throws (no network) is told as what it answers: nothing was charged, or the payment's page will say so.
    const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: `${window.location.origin}/payments/${id}` }, redirect: 'if_required' }).catch((thrown: unknown) => ({ error: { message: thrown instanceof Error ? thrown.message : words.cardFailed } }))
    if (error !== undefined) {
      setRefused(error.message ?? words.cardFailed)
      setState('ready')
      return
    }
    await refresh(['/v1/payments'])
    go(`/payments/${id}`, { replace: true })
  }

  return (
    <Paper p='lg' data-card={state}>
      <Stack gap='md'>
        <Text fw={650} size='lg'>{money(amount, currency)}</Text>
        {state === 'blocked' && <Alert color='yellow' role='alert' icon={<Icon name='warning' />}>{words.cardBlocked}<Group mt='sm'><Button component={Link} href='/payments/new?way=page' size='xs' variant='default'>{words.cardInstead}</Button></Group></Alert>}
        {state === 'loading' && <Waiting rows={2} height={52} />}
        <Box ref={place} display={state === 'blocked' ? 'none' : undefined} mih={state === 'ready' || state === 'paying' ? 120 : 0} />
        {refused !== undefined && <Alert color='red' role='alert' icon={<Icon name='warning' />}>{refused}</Alert>}
        {state !== 'blocked' && <Button size='md' w='fit-content' disabled={state === 'loading'} loading={state === 'paying'} onClick={() => { void pay() }}>{words.cardPay}</Button>}
      </Stack>
    </Paper>
  )
}

let loading: Promise<MakeStripe> | undefined

function loadStripe (): Promise<MakeStripe> {
  loading ??= new Promise<MakeStripe>((resolve, reject) => {
    const script = document.createElement('script')
    script.src = scriptUrl
    script.async = true
    script.onload = () => {
      const made = (window as unknown as { Stripe?: MakeStripe }).Stripe
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
