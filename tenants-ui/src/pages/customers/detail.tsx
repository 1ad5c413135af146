import { Anchor, Button, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { Link, useLocation, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useLive } from '../../api/live.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { History } from '../../ui/history.tsx'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Share } from '../../ui/share.tsx'
import { Copyable, Status, When } from '../../ui/values.tsx'
import { useSavedName } from '../payments/shown.tsx'
import type { Customer } from './list.tsx'
import { customers } from './texts.ts'

const areas = ['/v1/customers']
const shown = [...areas, '/v1/subscriptions', '/v1/events', '/v1/audit_log']

export default function CustomerPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(customers)
  const { may } = useSession()
  useLive(shown, ['customer.*', 'payment_method.*', 'subscription.*'])
  const customer = useRead('/v1/customers/{id}', { path: { id } })
  const back = { to: '/customers', text: words.title }
  if (customer.isError && customer.data === undefined) return <Page title={words.customer} back={back}><ProblemAlert error={customer.error} again={() => { void customer.refetch() }} /></Page>
  if (customer.data === undefined) return <Page title={words.customer} back={back}><Waiting rows={3} height={120} /></Page>
  const found = customer.data
  const lines = found.address === null ? [] : ['line1', 'line2', 'postal_code', 'city', 'state', 'country'].flatMap(name => found.address![name as 'city'] ?? [])
  return (
    <Page title={found.name ?? found.email ?? words.customer} back={back} lead={found.reference ?? undefined} actions={<Actions customer={found} />}>
      <Stack gap='lg'>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
          <Section title={words.facts}>
            <Facts rows={[
              [words.customer, <Copyable key='id' value={found.id} />],
              [words.email, found.email],
              [words.phone, found.phone],
              [words.taxId, found.tax_id === null || !may('invoices:read') ? found.tax_id : <Anchor key='tax' component={Link} href={`/invoices?customer_tax_id=${encodeURIComponent(found.tax_id)}`} size='sm' title={words.itsInvoices}>{found.tax_id}<span className='visually-hidden'> · {words.itsInvoices}</span></Anchor>],
              lines.length > 0 && [words.address, lines.join(', ')],
              [words.created, <When key='created' at={found.created_at} exact />]
            ]}
            />
          </Section>
          <Subscriptions customer={found} />
        </SimpleGrid>
        <Methods customer={found} />
        <Section title={words.history}><History subject={found.id} /></Section>
      </Stack>
    </Page>
  )
}

function Actions ({ customer: { id, default_payment_method: method } }: { customer: Customer }) {
  const words = useTexts(customers)
  const { may } = useSession()
  const [, go] = useLocation()
  return (
    <>
      {may('payments:write') && method !== null && <Button component={Link} href={`/payments/new?way=saved&customer=${id}`} variant='default'>{words.charge}</Button>}
      {may('subscriptions:write') && <Button component={Link} href={`/subscriptions/new?customer=${id}`} variant='default'>{words.subscribe}</Button>}
      {may('customers:write') && <Button component={Link} href={`/customers/${id}/edit`} variant='default'>{words.edit}</Button>}
      {may('customers:write') && <Confirm method='delete' path='/v1/customers/{id}' asked={{ path: { id } }} label={words.remove} title={words.removeTitle} text={words.removeText} yes={words.remove} danger done={words.removed} onDone={() => go('/customers')} />}
    </>
  )
}

function Methods ({ customer: { id } }: { customer: Customer }) {
  const words = useTexts(customers)
  const { may } = useSession()
  const savedName = useSavedName()
  const methods = useRead('/v1/customers/{id}/payment_methods', { path: { id }, query: { limit: 100 } }, { every: found => found?.data.some(({ status }) => status === 'unknown' || status === 'requires_action') === true ? 4_000 : false })
  const rows = methods.data?.data ?? []
  return (
    <Section title={words.methods} lead={words.methodsLead}>
      {methods.isError && <ProblemAlert error={methods.error} again={() => { void methods.refetch() }} />}
      {methods.isPending && <Waiting rows={2} />}
      {methods.data !== undefined && rows.length === 0 && <Text size='sm' c='dimmed'>{words.methodsNone}</Text>}
      {rows.length > 0 && (
        <Wide label={words.methods}>
          <Table>
            <Table.Thead><Table.Tr>{[words.method, words.state, words.expiry, ''].map(name => name === '' ? <Table.Td key='do' /> : <Table.Th key={name} scope='col'>{name}</Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map(method => (
                <Table.Tr key={method.id} data-method={method.status}>
                  <Table.Td><span className='nums'>{savedName(method)}</span>{method.default && <Text size='xs' c='dimmed'>{words.isDefault}</Text>}</Table.Td>
                  <Table.Td><Status value={method.status} />{method.next_action?.type === 'redirect' && <Stack gap={4} mt='xs'><Text size='xs'>{words.waits}</Text><Share url={String(method.next_action.url)} message={words.waits} /></Stack>}</Table.Td>
                  <Table.Td className='nums'>{method.exp_month === null ? '—' : `${String(method.exp_month).padStart(2, '0')}/${method.exp_year}`}</Table.Td>
                  <Table.Td>
                    {may('customers:write') && (
                      <Group gap='xs' justify='flex-end'>
                        {!method.default && method.status === 'active' && <Confirm method='post' path='/v1/customers/{id}/payment_methods/{payment_method_id}/default' asked={{ path: { id, payment_method_id: method.id } }} invalidates={areas} label={words.makeDefault} title={words.makeDefault} yes={words.makeDefault} done={words.madeDefault} button={{ size: 'xs' }} />}
                        <Confirm method='delete' path='/v1/customers/{id}/payment_methods/{payment_method_id}' asked={{ path: { id, payment_method_id: method.id } }} invalidates={areas} label={words.removeMethod} title={words.removeMethodTitle} text={words.removeMethodText} yes={words.removeMethod} danger done={words.removedMethod} button={{ size: 'xs' }} />
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  )
}

function Subscriptions ({ customer: { id } }: { customer: Customer }) {
  const words = useTexts(customers)
  const { may } = useSession()
  const list = useRead('/v1/subscriptions', { query: { customer: id, limit: 50 } }, { enabled: may('subscriptions:read') })
  const plans = useRead('/v1/plans', { query: { limit: 100 } }, { enabled: may('subscriptions:read') })
  return (
    <Section title={words.subscriptions}>
      {list.isError && <ProblemAlert error={list.error} />}
      {list.isLoading && <Waiting rows={2} />}
      {list.data?.data.length === 0 && <Text size='sm' c='dimmed'>{words.subscriptionsNone}</Text>}
      <Stack gap='xs'>
        {(list.data?.data ?? []).map(({ id, plan, status }) => <Group key={id} justify='space-between'><Anchor component={Link} href={`/subscriptions/${id}`} size='sm'>{plans.data?.data.find(found => found.id === plan)?.name ?? plan}</Anchor><Status value={status} /></Group>)}
      </Stack>
    </Section>
  )
}
