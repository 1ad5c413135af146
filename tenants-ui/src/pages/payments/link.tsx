import { SimpleGrid, Stack, Text } from '@mantine/core'
import { Link, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Facts, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Share } from '../../ui/share.tsx'
import { Copyable, Money, Status, When } from '../../ui/values.tsx'
import { PaymentStatus, usePaymentAccounts } from './shown.tsx'
import { payments } from './texts.ts'

export default function PaymentLinkPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(payments)
  const { money } = useFormats()
  const { may } = useSession()
  const { nameOf } = usePaymentAccounts()
  useLive(['/v1/payment_links', '/v1/payments'], ['payment_link.*', 'payment.*'])
  const link = useRead('/v1/payment_links/{id}', { path: { id } }, { every: 5_000 })
  const made = useRead('/v1/payments', { query: { origin: id, limit: 50 } }, { every: 5_000 })
  const back = { to: '/payments/links', text: words.linksTitle }
  if (link.isError && link.data === undefined) return <Page title={words.linkTitle} back={back}><ProblemAlert error={link.error} again={() => { void link.refetch() }} /></Page>
  if (link.data === undefined) return <Page title={words.linkTitle} back={back}><Waiting rows={3} height={120} /></Page>
  const found = link.data
  return (
    <Page
      title={found.description ?? words.linkTitle} back={back} badge={<Status value={found.status} />} lead={<Money amount={found.amount} currency={found.currency} strong />}
      actions={may('payments:write') && found.status === 'open' && <Confirm method='post' path='/v1/payment_links/{id}/expire' asked={{ path: { id } }} invalidates={['/v1/payment_links']} label={words.expire} title={words.expireTitle} text={words.expireText} yes={words.expireYes} done={words.expireDone} danger />}
    >
      <Stack gap='lg'>
        {found.error !== null && <Text c='var(--mantine-color-error)'>{found.error.message}</Text>}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
          <Section title={words.share} lead={words.shareLead}>
            {found.url === null ? <Text size='sm' c='dimmed'>{words.noLongerOpen}</Text> : <Share url={found.url} message={`${found.description ?? words.linkTitle}: ${money(found.amount, found.currency)}`} />}
          </Section>
          <Section title={words.facts}>
            <Facts rows={[
              [words.paid, <span key='paid'><Money amount={found.totals.amount} currency={found.currency} strong /> ({words.times(String(found.totals.payments))})</span>],
              found.reference !== null && [words.reference, found.reference],
              [words.connection, nameOf(found.connection)],
              found.expires_at !== null && [words.expires, <When key='expires' at={found.expires_at} exact />],
              found.provider_reference !== null && [words.providerReference, <Copyable key='reference' value={found.provider_reference} />],
              [words.created, <When key='created' at={found.created_at} exact />]
            ]}
            />
          </Section>
        </SimpleGrid>
        <Section title={words.itsPayments}>
          {made.isError && <ProblemAlert error={made.error} />}
          {made.data?.data.length === 0 && <Text size='sm' c='dimmed'>{words.itsPaymentsNone}</Text>}
          <Stack gap='xs'>{(made.data?.data ?? []).map(payment => <Text key={payment.id} size='sm' component='div'><Link href={`/payments/${payment.id}`}><Money amount={payment.amount} currency={payment.currency} /></Link> <When at={payment.created_at} /> <PaymentStatus payment={payment} /></Text>)}</Stack>
        </Section>
      </Stack>
    </Page>
  )
}
