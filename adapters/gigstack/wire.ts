import { type ConnectionContext, type Invoice, type InvoiceLine, type InvoiceParty, sumOf } from '../../core/adapter/index.ts'

/** Source: https://docs.gigstack.io/create-income-invoice-20352674e0 and the CLI, read 2026-11-21. */

/** Where our id of an invoice is kept at Gigstack. */
export const referenceKey = 'pasarela_reference'

/** A number whose digits are those of the text: a fiscal amount never becomes a float. */
const exact = (text: string): unknown => (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(text.replace(/^0+(?=\d)/, ''))

const taxNames: Readonly<Record<string, string>> = { '001': 'ISR', '002': 'IVA', '003': 'IEPS' }
const generic = new Set(['XAXX010101000', 'XEXX010101000'])

/** What this API cannot say, or says in a way that is not sure enough: then nothing is sent. */
export function whyNot ({ settings }: Pick<ConnectionContext, 'settings'>, model: Invoice): string | undefined {
  const { kind, number, lines, localTaxes = [], issuer, mx = {} } = model
  if (kind === 'payment_receipt') {
    if (settings.payment_receipts !== true) return 'Los complementos de pago por Gigstack están apagados (ajuste payment_receipts)'
    if ((mx.payments ?? []).length !== 1 || mx.payments![0]!.documents.length !== 1) return 'Gigstack registra un pago de una factura a la vez'
  } else if (!['invoice', 'debit_note', 'credit_note', 'global_invoice'].includes(kind)) return `Gigstack no emite documentos de tipo ${kind}`
  if (number !== undefined && !/^(0|[1-9]\d{0,14})$/.test(number)) return `Gigstack numera con enteros, y el folio es «${number}»`
  if (typeof settings.tax_id === 'string' && settings.tax_id !== '' && settings.tax_id !== issuer.taxId) return `El equipo de Gigstack es de ${settings.tax_id}, no de ${issuer.taxId}`
  if (localTaxes.length > 0) return 'Gigstack no recibe impuestos locales'
  if (mx.confirmation !== undefined) return 'Gigstack no recibe la clave de confirmación'
  if (settings.discounts !== true && lines.some(({ discount }) => discount !== undefined && Number(discount) > 0)) return 'Los descuentos por Gigstack están apagados (ajuste discounts)'
  if (lines.some(line => line.mx?.customs !== undefined || line.mx?.property !== undefined)) return 'Gigstack no recibe pedimentos ni cuentas prediales'
  return undefined
}

/** An income or egress invoice. */
export function invoiceBody (context: Pick<ConnectionContext, 'settings'>, model: Invoice, { client, key, reference }: { client: object, key: string, reference: string }): Record<string, unknown> {
  const { customer, payment = {}, mx = {}, related = [], kind } = model
  const byType = Map.groupBy(related, ({ type }) => type)
  return {
    client,
    items: model.lines.map(line => itemOf(context, line)),
    currency: model.currency,
    ...(model.currency !== 'MXN' && model.exchangeRate !== undefined && { exchange_rate: exact(model.exchangeRate) }),
    ...(model.series !== undefined && model.series !== '' && { series: model.series }),
    ...(model.number !== undefined && { folio_number: exact(model.number) }),
    use: customer.mx?.cfdiUse ?? (generic.has(customer.taxId) ? 'S01' : kind === 'credit_note' ? 'G02' : undefined),
    payment_form: payment.form ?? (payment.method === 'PPD' ? '99' : undefined),
    payment_method: payment.method ?? 'PUE',
    exports: mx.export ?? '01',
    ...(mx.global !== undefined && { global: { periodicity: mx.global.periodicity, months: mx.global.months, year: Number(mx.global.year) } }),
    ...(byType.size > 0 && { related_documents: [...byType].map(([relationship, documents]) => ({ relationship, documents: documents.map(({ fiscalId }) => fiscalId) })) }),
    // The payment is known here: nothing more is to be made of the invoice.
    automation_type: 'none',
    idempotency_key: key,
    metadata: { [referenceKey]: reference },
    send_email: false
  }
}

/** A payment of a PPD invoice, of which Gigstack makes the complement. `ppd`: Gigstack's id of that invoice. */
export function paymentBody (model: Invoice, { client, key, reference }: { client: object, key: string, reference: string }): Record<string, unknown> {
  const [paid] = model.mx!.payments!
  const [document] = paid!.documents
  return {
    client,
    automation_type: 'ppd_invoice_and_complement',
    // Against the invoice that is there: without it Gigstack would make another one.
    invoices: [document!.fiscalId],
    currency: paid!.currency,
    ...(paid!.currency !== 'MXN' && paid!.exchangeRate !== undefined && { exchange_rate: exact(paid!.exchangeRate) }),
    payment_form: paid!.form,
    paid_at: Math.floor(new Date(paid!.paidAt).getTime() / 1000),
    items: [{ description: 'Pago', quantity: 1, unit_price: exact(paid!.amount ?? sumOf([document!.amount])), product_key: '84111506', unit_key: 'ACT', taxability: '01', taxes: [] }],
    invoice_config: { ...(model.series !== undefined && { serie: model.series }), ...(model.number !== undefined && { folio: model.number }) },
    idempotency_key: key,
    metadata: { [referenceKey]: reference }
  }
}

/** A sale whose customer has not said who it is: it invoices itself, or the global invoice takes it. */
export function receiptBody (context: Pick<ConnectionContext, 'settings'>, model: Invoice, { key, reference }: { key: string, reference: string }): Record<string, unknown> {
  const { email, name } = model.customer
  return {
    ...(email !== undefined && { client: { search: { on_key: 'email', on_value: email, auto_create: true }, name, email } }),
    currency: model.currency,
    ...(model.currency !== 'MXN' && model.exchangeRate !== undefined && { exchange_rate: exact(model.exchangeRate) }),
    items: model.lines.map(line => itemOf(context, line)),
    payment_form: model.payment?.form ?? '01',
    periodicity: context.settings.receipt_periodicity ?? 'month',
    idempotency_key: key,
    metadata: { [referenceKey]: reference }
  }
}

function itemOf ({ settings }: Pick<ConnectionContext, 'settings'>, line: InvoiceLine): Record<string, unknown> {
  const { mx } = line
  return {
    description: line.description,
    quantity: exact(line.quantity),
    unit_price: exact(line.unitPrice),
    ...(settings.discounts === true && line.discount !== undefined && { discount: exact(line.discount) }),
    ...(line.sku !== undefined && { sku: line.sku }),
    ...(line.unit !== undefined && { unit_name: line.unit }),
    product_key: mx?.productKey ?? '01010101',
    unit_key: mx?.unitKey ?? 'ACT',
    taxability: mx?.taxObject ?? (line.taxes.length > 0 ? '02' : '01'),
    taxes: line.taxes.map(({ type, rate, withheld = false, exempt = false, quota = false }) => ({
      type: taxNames[type] ?? type.toUpperCase(), ...(!exempt && { rate: exact(rate) }), factor: exempt ? 'Exento' : quota ? 'Cuota' : 'Tasa', withholding: withheld, inclusive: false
    })),
    ...(mx?.thirdParty !== undefined && { third_party: { legal_name: mx.thirdParty.name, tax_id: mx.thirdParty.taxId, tax_system: mx.thirdParty.regime, zip: mx.thirdParty.postalCode } })
  }
}

/** Who is invoiced, found by its RFC or made. A generic RFC is everybody's, so of such a customer a client of its own is made before. */
export function clientOf (party: InvoiceParty): Record<string, unknown> {
  return {
    ...(!generic.has(party.taxId) && { search: { on_key: 'tax_id', on_value: party.taxId, auto_create: true } }),
    name: party.name,
    legal_name: party.name,
    tax_id: party.taxId,
    tax_system: party.mx?.regime ?? (generic.has(party.taxId) ? '616' : undefined),
    ...(party.email !== undefined && { email: party.email }),
    address: { country: 'MEX', ...(party.address?.postalCode !== undefined && { zip: party.address.postalCode }) }
  }
}

export const isGeneric = ({ taxId }: InvoiceParty): boolean => generic.has(taxId)
