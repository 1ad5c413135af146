import { Group, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { common } from '../../i18n/common.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { currencyOf } from '../../ui/amount.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status } from '../../ui/values.tsx'
import { banks } from './texts-house.ts'
import { settings } from './texts.ts'

type Account = Answer<'get', '/v1/bank_accounts'>['data'][number]
const areas = ['/v1/bank_accounts']

export default function BankAccountsPage () {
  const all = useTexts(settings)
  const words = useTexts(banks)
  const { may } = useSession()
  const writable = may('connections:write')
  const columns: Column<Account>[] = [
    { name: words.account, show: ({ label, clabe, iban, account_number: number }) => <>{label}<Text size='xs' c='dimmed' className='mono'>{clabe ?? iban ?? number}</Text></> },
    { name: words.bank, show: ({ bank }) => bank, wide: true },
    { name: words.beneficiary, show: ({ beneficiary }) => beneficiary, wide: true },
    { name: words.currency, show: ({ currency, primary }) => <Group gap='xs' wrap='nowrap'>{currency}{primary && <Status value='ok' label={words.primary} />}</Group> },
    ...(writable
      ? [{
          name: words.actions,
          align: 'right' as const,
          show: ({ id, primary }: Account) => (
            <Group gap='xs' justify='flex-end'>
              {!primary && <Confirm method='patch' path='/v1/bank_accounts/{id}' asked={{ path: { id }, body: { primary: true } }} invalidates={areas} label={words.makePrimary} title={words.makePrimaryTitle} text={words.makePrimaryText} yes={words.makePrimary} done={words.changed} button={{ size: 'xs' }} />}
              <Confirm method='delete' path='/v1/bank_accounts/{id}' asked={{ path: { id } }} invalidates={areas} label={words.remove} title={words.removeTitle} text={words.removeText} yes={words.remove} done={words.removed} danger button={{ size: 'xs' }} />
            </Group>
          )
        }]
      : [])
  ]
  return (
    <Page title={all.banksTitle} lead={all.banksText} back={{ to: '/settings', text: all.title }} actions={writable && <Add />}>
      <ResourceList path='/v1/bank_accounts' caption={words.caption} columns={columns} empty={<Empty icon='building' title={words.emptyTitle} text={words.emptyText} />} />
    </Page>
  )
}

function Add () {
  const words = useTexts(banks)
  const shared = useTexts(common)
  const { tenant } = useSession()
  const begin = { currency: currencyOf(tenant.country), beneficiary: '', clabe: '', iban: '', account_number: '', bank: '', country: '', label: '' }
  const [form, setForm] = useState(begin)
  const typed = (name: keyof typeof form, label: string, description?: string) => <TextInput key={name} name={name} label={label} {...(description !== undefined && { description })} value={form[name]} autoComplete='off' onChange={event => setForm({ ...form, [name]: event.currentTarget.value })} />
  const number = form.currency === 'MXN' ? typed('clabe', 'CLABE') : typed('iban', 'IBAN')
  return (
    <Confirm
      method='post' path='/v1/bank_accounts' invalidates={areas} label={words.add} title={words.add} text={words.addText} yes={words.make} done={words.made} button={{ variant: 'filled' }} ready={form.beneficiary.trim() !== '' && form.currency.length === 3}
      asked={() => ({ body: { currency: form.currency.toUpperCase(), beneficiary: form.beneficiary.trim(), ...Object.fromEntries((['clabe', 'iban', 'account_number', 'bank', 'country', 'label'] as const).flatMap(name => form[name].trim() === '' ? [] : [[name, name === 'country' ? form[name].trim().toUpperCase() : form[name].trim()]])) } })}
      onDone={() => setForm(begin)}
    >
      {typed('currency', words.currency)}
      {number}
      {typed('account_number', `${words.accountNumber} (${shared.optional})`, words.accountHelp)}
      {typed('beneficiary', words.beneficiary)}
      {typed('bank', `${words.bank} (${shared.optional})`)}
      {typed('country', `${words.country} (${shared.optional})`)}
      {typed('label', `${words.label} (${shared.optional})`)}
    </Confirm>
  )
}
