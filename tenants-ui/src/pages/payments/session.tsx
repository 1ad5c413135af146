import { Button, Group, Loader, Stack, Text } from '@mantine/core'
import { useEffect } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Share } from '../../ui/share.tsx'
import { Money, Status } from '../../ui/values.tsx'
import { payments } from './texts.ts'

/** A page at the provider that waits to be paid. When it is, this becomes the payment's page by itself. */
export default function CheckoutSessionPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(payments)
  const { money } = useFormats()
  const { may } = useSession()
  const [, go] = useLocation()
  useLive(['/v1/checkout_sessions'], ['checkout_session.*', 'payment.*'])
  const session = useRead('/v1/checkout_sessions/{id}', { path: { id } }, { every: found => found === undefined || found.status === 'open' || found.status === 'unknown' || (found.status === 'complete' && found.payment === null) ? 2_000 : false })
  const payment = session.data?.payment ?? null
  const complete = session.data?.status === 'complete' && payment !== null
  useEffect(() => { if (complete) go(`/payments/${payment}`, { replace: true }) }, [complete, payment, go])
  const back = { to: '/payments', text: words.title }
  if (session.isError && session.data === undefined) return <Page title={words.sessionTitle} back={back}><ProblemAlert error={session.error} again={() => { void session.refetch() }} /></Page>
  if (session.data === undefined) return <Page title={words.sessionTitle} back={back}><Waiting rows={2} height={120} /></Page>
  const found = session.data
  return (
    <Page
      title={words.sessionTitle} back={back} badge={<Status value={found.status} />} lead={<><Money amount={found.amount} currency={found.currency} strong />{found.description !== null && ` · ${found.description}`}</>} narrow
      actions={may('payments:write') && found.status === 'open' && <Confirm method='post' path='/v1/checkout_sessions/{id}/expire' asked={{ path: { id } }} invalidates={['/v1/checkout_sessions']} label={words.sessionEnd} title={words.sessionEndTitle} text={words.sessionEndText} yes={words.expireYes} done={words.sessionEndDone} danger />}
    >
      <Stack gap='lg' data-session={found.status}>
        {found.error !== null && <Text c='var(--mantine-color-error)'>{found.error.message}</Text>}
        {(found.status === 'open' || found.status === 'unknown') && (
          <Group gap='md' wrap='nowrap' role='status'><Loader size='sm' aria-hidden='true' /><Text>{words.sessionWaiting}</Text></Group>
        )}
        {found.url !== null && (
          <Section title={words.share} lead={words.waitsRedirect}>
            <Share url={found.url} message={`${found.description ?? words.sessionTitle}: ${money(found.amount, found.currency)}`} email={typeof found.customer?.email === 'string' ? found.customer.email : undefined} />
          </Section>
        )}
        {payment !== null && <Button component={Link} href={`/payments/${payment}`} w='fit-content'>{words.seePayment}</Button>}
      </Stack>
    </Page>
  )
}
