import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useLive } from '../../api/live.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import { useFiscalMoney } from '../invoices/list.tsx'
import { sales } from './texts.ts'

type Global = Answer<'get', '/v1/global_invoices/{id}'>

export default function GlobalInvoicesPage () {
  const words = useTexts(sales)
  const named = useTexts(statusWords)
  const { may } = useSession()
  const money = useFiscalMoney()
  const [day, setDay] = useState('')
  useLive(['/v1/global_invoices'], ['global_invoice.*'])
  const columns: Column<Global>[] = [
    { name: words.period, show: ({ period }) => <span className='nums'>{period.from} – {period.to}</span> },
    { name: words.amount, show: ({ total, currency }) => <span className='nums'>{money(total, currency)}</span> },
    { name: words.tickets, show: ({ tickets }) => tickets },
    { name: words.state, show: ({ status }) => <Status value={status} /> },
    { name: words.invoice, show: ({ invoice }) => invoice === null ? '—' : <Link href={`/invoices/${invoice}`}>{words.see}</Link> },
    { name: words.created, show: ({ created_at: at }) => <When at={at} />, wide: true }
  ]
  return (
    <Page
      title={words.globals} lead={words.globalsLead} back={{ to: '/sales', text: words.title }}
      actions={may('invoices:write') && (
        <Confirm method='post' path='/v1/global_invoices' asked={() => ({ body: { period: { day } } })} invalidates={['/v1/global_invoices', '/v1/sales']} label={words.makeGlobal} title={words.makeGlobalTitle} text={words.makeGlobalText} yes={words.makeGlobal} done={words.globalMade} ready={day !== ''}>
          <TextInput type='date' label={words.makeGlobalDay} value={day} onChange={event => setDay(event.currentTarget.value)} />
        </Confirm>
      )}
    >
      <ResourceList
        path='/v1/global_invoices' caption={words.globalsCaption} columns={columns} views='global_invoices'
        filters={[{ name: 'status', label: words.state, options: (['making', 'issued', 'replacing', 'canceled'] as const).map(value => ({ value, label: named[value] })) }]}
        empty={<Empty icon='invoice' title={words.globalsEmptyTitle} text={words.globalsEmptyText} />}
      />
    </Page>
  )
}
