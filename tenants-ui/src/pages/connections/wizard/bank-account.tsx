import { Select, Stack, Text, TextInput } from '@mantine/core'
import { type ApiProblem, ask } from '../../../api/client.ts'
import { fieldError } from '../../../api/hooks.ts'
import { useFormats } from '../../../i18n/format.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import type { Provider } from '../../../ui/schema-form.tsx'
import { wizard } from '../wizard-texts.ts'

/** No provider at all: payers send the money to the tenant’s own bank. What stands for credentials is the account that receives. */
export const isOwnBank = ({ id }: Pick<Provider, 'id'>): boolean => id === 'bank_transfer'

export interface BankForm { currency: string, number: string, beneficiary: string, bank: string }

export const emptyBank = (currency: string): BankForm => ({ currency, number: '', beneficiary: '', bank: '' })
export const isBankComplete = ({ number, beneficiary, currency, bank }: BankForm): boolean => number.trim() !== '' && beneficiary.trim() !== '' && (numberField(currency) !== 'account_number' || bank.trim() !== '')

/** How accounts are numbered where that money is used. */
const numberField = (currency: string): 'clabe' | 'iban' | 'account_number' => currency === 'MXN' ? 'clabe' : ['EUR', 'GBP', 'CHF'].includes(currency) ? 'iban' : 'account_number'

/** Keeps the account that receives. Throws `ApiProblem`. */
export async function keepBank ({ currency, number, beneficiary, bank }: BankForm, country: string): Promise<void> {
  const field = numberField(currency)
  await ask('post', '/v1/bank_accounts', { body: { currency, beneficiary: beneficiary.trim(), [field]: number.replaceAll(/\s/g, ''), ...(field === 'account_number' && { bank: bank.trim(), country }) }, idempotencyKey: crypto.randomUUID() })
}

export function BankFields ({ provider, value, onChange, error }: { provider: Provider, value: BankForm, onChange: (form: BankForm) => void, error: ApiProblem | null }) {
  const words = useTexts(wizard)
  const { currency: nameOf } = useFormats()
  const { tenant } = useSession()
  const field = numberField(value.currency)
  const label = field === 'clabe' ? 'CLABE' : field === 'iban' ? 'IBAN' : words.bankNumber
  const typed = (name: 'number' | 'beneficiary' | 'bank') => ({ name: `bank-${name}`, value: value[name], autoComplete: 'off', required: true, withAsterisk: false, onChange: (event: { currentTarget: { value: string } }) => onChange({ ...value, [name]: event.currentTarget.value }) })
  return (
    <Stack gap='md' maw={460}>
      <Text>{words.bankLead}</Text>
      <Select label={words.currency} data={provider.currencies.map(code => ({ value: code, label: `${code} · ${nameOf(code)}` }))} value={value.currency} onChange={code => { if (code !== null) onChange({ ...value, currency: code }) }} allowDeselect={false} searchable />
      <TextInput label={label} {...typed('number')} inputMode={field === 'clabe' ? 'numeric' : 'text'} error={fieldError(error, field)} />
      <TextInput label={words.payBeneficiary} placeholder={tenant.name} {...typed('beneficiary')} error={fieldError(error, 'beneficiary')} />
      {field === 'account_number' && <TextInput label={words.bankName} {...typed('bank')} error={fieldError(error, 'bank')} />}
    </Stack>
  )
}
