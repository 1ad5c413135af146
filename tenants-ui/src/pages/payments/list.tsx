import { Button, Text } from '@mantine/core'
import { Link } from 'wouter'
import { useLive } from '../../api/live.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { Find } from '../../ui/find.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Money, When } from '../../ui/values.tsx'
import { MethodOf, type Payment, PaymentStatus, usePaymentAccounts } from './shown.tsx'
import { payments } from './texts.ts'

const statuses = ['succeeded', 'authorized', 'processing', 'requires_action', 'requires_payment_method', 'unknown', 'failed', 'canceled', 'expired'] as const

export default function PaymentsPage () {
  const words = useTexts(payments)
  const named = useTexts(statusWords)
  const { may } = useSession()
  const { accounts, nameOf } = usePaymentAccounts()
  useLive(['/v1/payments'], ['payment.*', 'refund.*', 'dispute.*'])
  const add = may('payments:write') && <Button component={Link} href='/payments/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const columns: Column<Payment>[] = [
    { name: words.amount, show: ({ amount, currency }) => <Money amount={amount} currency={currency} strong />, align: 'right' },
    { name: words.state, show: payment => <PaymentStatus payment={payment} /> },
    { name: words.reference, show: ({ reference, description }) => <Text size='sm' truncate maw={240}>{reference ?? description ?? '—'}</Text> },
    { name: words.method, show: ({ method }) => <MethodOf method={method} />, wide: true },
    { name: words.connection, show: ({ connection }) => nameOf(connection), wide: true },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page title={words.title} lead={words.lead} actions={<><Find label={words.find} /><Button component={Link} href='/payments/links' variant='default' leftSection={<Icon name='link' size={18} />}>{words.links}</Button>{add}</>}>
      <ResourceList
        path='/v1/payments' caption={words.caption} columns={columns} to={({ id }) => `/payments/${id}`} views='payments' every={15_000}
        filters={[
          { name: 'status', label: words.state, options: statuses.map(value => ({ value, label: named[value] })) },
          { name: 'connection', label: words.connection, options: accounts.map(({ connection }) => ({ value: connection.id, label: connection.label })) },
          { name: 'reference', label: words.reference, elsewhere: true },
          { name: 'created_from', label: words.from, kind: 'day-start' },
          { name: 'created_to', label: words.to, kind: 'day-end' }
        ]}
        {...(may('reports:read') && { exports: (['csv', 'xlsx'] as const).map(format => ({ label: words[format], path: '/v1/reports/transactions' as const, query: { format, type: 'payment' }, file: `payments.${format}` })) })}
        empty={<Empty icon='money' title={words.emptyTitle} text={words.emptyText} action={add} />}
      />
    </Page>
  )
}
