import type { Access } from '../access/principal.ts'
import type { CustomerCheck } from '../adapter/invoicing.ts'
import { type FieldError, HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { validateInvoice } from '../invoices/service.ts'
import { checkAtProvider } from './at-provider.ts'
import { bodyOf, type Customer, formOf } from './documents.ts'
import type { SaleRow } from './queries.ts'
import type { Tender } from './schema.ts'

/**
 * Asks the provider that would invoice it whether the authority knows this buyer so: once, when the buyer sends the page, and only
 * what breaks no rule of ours, since it may cost. Throws `invoice_invalid` that names the fields for a "no"; silence blocks nobody.
 */
export async function assertReceiver (hub: Hub, access: Access, row: SaleRow, customer: Customer): Promise<void> {
  if (!['undecided', 'link', 'correcting', 'global_pending', 'in_global'].includes(row.document)) return
  const { tax_id: taxId, name, address, mx } = customer
  if (address?.postal_code === undefined || mx?.regime === undefined) return
  const { ok } = await validateInvoice(hub, access, bodyOf(row, customer, { form: formOf(row.tenders as unknown as Tender[]) }))
  if (!ok) return
  const check = await checkAtProvider(hub, access, row, { taxId, name, postalCode: address.postal_code, regime: mx.regime })
  if (check !== undefined && !check.ok) throw new HubError('invoice_invalid', { errors: wrongIn(check) })
}

const fields: readonly (readonly [keyof CustomerCheck['matches'], FieldError])[] = [
  ['taxId', { path: 'customer.tax_id', message: { es: 'El SAT no tiene este RFC.', en: 'The SAT does not know this RFC.' } }],
  ['name', { path: 'customer.name', message: { es: 'No es el nombre que el SAT tiene con este RFC: escríbalo como está en su constancia.', en: 'Not the name that the SAT has with this RFC: write it as on your tax certificate.' } }],
  ['postalCode', { path: 'customer.address.postal_code', message: { es: 'No es el código postal que el SAT tiene con este RFC.', en: 'Not the postal code that the SAT has with this RFC.' } }],
  ['regime', { path: 'customer.mx.regime', message: { es: 'El SAT no tiene este régimen con este RFC.', en: 'The SAT does not have this regime with this RFC.' } }]
]

function wrongIn ({ matches }: CustomerCheck): FieldError[] {
  const wrong = fields.filter(([name]) => matches[name] === false).map(([, error]) => error)
  // Of an RFC that is not there nothing else can agree.
  if (matches.taxId === false) return wrong.slice(0, 1)
  return wrong.length > 0 ? wrong : [{ path: 'customer.tax_id', message: { es: 'El SAT no tiene juntos este RFC, nombre, régimen y código postal: compárelos con su constancia.', en: 'The SAT does not have this RFC, name, regime and postal code together: compare them with your tax certificate.' } }]
}
