import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { AccountRow } from './queries.ts'

/** What of an account is kept sealed. */
export interface AccountNumbers {
  clabe?: string
  iban?: string
  account_number?: string
  bic?: string
}

const use = 'bank_account'

export async function sealNumbers (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, numbers: AccountNumbers): Promise<string> {
  return await hub.vault.seal(tenantId, publicId('bank_account', id), use, JSON.stringify(numbers))
}

export async function openNumbers (hub: Pick<Hub, 'vault'>, row: Pick<AccountRow, 'tenant_id' | 'id' | 'numbers_sealed'>): Promise<AccountNumbers> {
  return JSON.parse(await hub.vault.openText(row.tenant_id, publicId('bank_account', row.id), use, row.numbers_sealed)) as AccountNumbers
}

/** The number by which an account is the same again. */
export const mainNumber = ({ clabe, iban, account_number: accountNumber }: AccountNumbers): string => clabe ?? iban ?? accountNumber!
