import { type ConnectionContext, type Invoice, type InvoiceLine, type MxPayment, sumOf } from '../../core/adapter/index.ts'

/** Source: https://github.com/Facturama/facturama-dotnet-sdk (Models/Request) and the Postman collection, read 2026-11-21. */

/** A number whose digits are those of the text: a fiscal amount never becomes a float. */
const exact = (text: string): unknown => (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(text.replace(/^0+(?=\d)/, ''))

const types: Readonly<Record<string, string | undefined>> = { invoice: 'I', global_invoice: 'I', debit_note: 'I', credit_note: 'E', transfer: 'T', payment_receipt: 'P' }

/** Names under which Facturama files what it makes (its catalogue NameIds): for its own lists and its PDF. */
const nameIds: Readonly<Record<string, string>> = { invoice: '1', credit_note: '2', debit_note: '3', payment_receipt: '14', global_invoice: '34' }

/** What this API cannot say: then nothing is sent. */
export function whyNot (context: Pick<ConnectionContext, 'settings' | 'account'>, model: Invoice): string | undefined {
  const kinds = new Set((model.related ?? []).map(({ type }) => type))
  if (types[model.kind] === undefined) return `Facturama no emite aquí documentos de tipo ${model.kind}`
  if (kinds.size > 1) return 'Facturama acepta un solo tipo de relación por documento'
  if ((model.localTaxes ?? []).length > 0) return 'Los impuestos locales de todo el documento no se pueden expresar en Facturama'
  if (model.mx?.confirmation !== undefined) return 'Facturama no acepta la clave de confirmación'
  if (context.settings.api === 'web' && context.account !== undefined && context.account.id !== model.issuer.taxId) return `La cuenta de Facturama es de ${context.account.id}, no de ${model.issuer.taxId}`
  return undefined
}

/** The model in Facturama's words. Amounts are those that the core computed. */
export function bodyOf (context: Pick<ConnectionContext, 'settings'>, model: Invoice): Record<string, unknown> {
  const { kind, customer, issuer, payment = {}, mx = {}, related = [] } = model
  const receipt = kind === 'payment_receipt'
  const zone = mx.zone
  const date = zone === undefined || context.settings.send_date === false ? undefined : localTime(new Date(model.issuedAt), zone)
  const generic = customer.taxId === 'XAXX010101000' || customer.taxId === 'XEXX010101000'
  const place = mx.postalCode ?? issuer.address?.postalCode
  return {
    ...(nameIds[kind] !== undefined && { NameId: nameIds[kind] }),
    CfdiType: types[kind],
    ExpeditionPlace: place,
    ...(model.series !== undefined && model.series !== '' && { Serie: model.series }),
    ...(model.number !== undefined && { Folio: model.number }),
    ...(date !== undefined && { Date: date }),
    Exportation: mx.export ?? '01',
    ...(!receipt && kind !== 'transfer' && {
      PaymentForm: payment.form ?? (payment.method === 'PPD' ? '99' : undefined),
      PaymentMethod: payment.method ?? 'PUE',
      ...(payment.conditions !== undefined && { PaymentConditions: payment.conditions })
    }),
    ...(!receipt && { Currency: model.currency, ...(model.currency !== 'MXN' && model.exchangeRate !== undefined && { CurrencyExchangeRate: exact(model.exchangeRate) }) }),
    ...(mx.global !== undefined && { GlobalInformation: { Periodicity: mx.global.periodicity, Months: mx.global.months, Year: String(mx.global.year) } }),
    ...(related.length > 0 && { Relations: { Type: related[0]!.type, Cfdis: related.map(({ fiscalId }) => ({ Uuid: fiscalId })) } }),
    ...(context.settings.api !== 'web' && { Issuer: { Rfc: issuer.taxId, Name: issuer.name, FiscalRegime: issuer.mx?.regime } }),
    Receiver: {
      Rfc: customer.taxId,
      Name: kind === 'global_invoice' ? 'PUBLICO EN GENERAL' : customer.name,
      CfdiUse: customer.mx?.cfdiUse ?? (receipt ? 'CP01' : generic || kind === 'transfer' ? 'S01' : kind === 'credit_note' ? 'G02' : undefined),
      FiscalRegime: customer.mx?.regime ?? (generic ? '616' : undefined),
      TaxZipCode: generic ? place : customer.address?.postalCode,
      ...(customer.mx?.residence !== undefined && { TaxResidence: customer.mx.residence }),
      ...(customer.mx?.foreignTaxId !== undefined && { TaxRegistrationNumber: customer.mx.foreignTaxId })
    },
    ...(receipt ? { Complemento: { Payments: (mx.payments ?? []).map(paid => paymentOf(paid, zone)) } } : { Items: model.lines.map(line => itemOf(line, kind === 'global_invoice')) })
  }
}

function itemOf (line: InvoiceLine, global: boolean): Record<string, unknown> {
  const { mx, amount = '0', discount } = line
  const taxes = line.taxes.filter(({ base }) => Number(base) > 0)
  const total = sumOf([amount, ...taxes.filter(({ withheld }) => withheld !== true).map(tax => tax.amount)], [discount ?? '0', ...taxes.filter(({ withheld }) => withheld === true).map(tax => tax.amount)])
  return {
    ProductCode: mx?.productKey ?? (global ? '01010101' : undefined),
    ...(line.sku !== undefined && { IdentificationNumber: line.sku }),
    Description: global ? 'Venta' : line.description,
    ...(line.unit !== undefined && { Unit: line.unit }),
    UnitCode: mx?.unitKey ?? (global ? 'ACT' : undefined),
    UnitPrice: exact(line.unitPrice),
    Quantity: exact(line.quantity),
    Subtotal: exact(amount),
    ...(discount !== undefined && { Discount: exact(discount) }),
    TaxObject: mx?.taxObject,
    ...(taxes.length > 0 && {
      Taxes: taxes.map(({ type, rate, base, amount, withheld = false, exempt = false, quota = false }) => ({
        Name: nameOf(type, withheld, exempt), Rate: exact(exempt ? '0' : rate), Base: exact(base), Total: exact(exempt ? '0' : amount), IsRetention: withheld, IsQuota: quota, IsFederalTax: true
      }))
    }),
    Total: exact(total),
    ...(mx?.thirdParty !== undefined && { ThirdPartyAccount: { Rfc: mx.thirdParty.taxId, Name: mx.thirdParty.name, FiscalRegime: mx.thirdParty.regime, TaxZipCode: mx.thirdParty.postalCode } }),
    ...(mx?.customs !== undefined && { NumerosPedimento: mx.customs }),
    ...(mx?.property !== undefined && { PropertyTaxIDNumber: mx.property })
  }
}

const names: Readonly<Record<string, string>> = { '001': 'ISR', '002': 'IVA', '003': 'IEPS' }

function nameOf (type: string, withheld: boolean, exempt: boolean): string {
  const name = names[type] ?? type.toUpperCase()
  return name !== 'IVA' ? name : exempt ? 'IVA Exento' : withheld ? 'IVA RET' : name
}

function paymentOf (paid: MxPayment, zone: string | undefined): Record<string, unknown> {
  return {
    Date: localTime(new Date(paid.paidAt), zone ?? 'America/Mexico_City'),
    PaymentForm: paid.form,
    Amount: exact(paid.amount ?? sumOf(paid.documents.map(({ amount }) => amount))),
    Currency: paid.currency,
    ...(paid.currency !== 'MXN' && paid.exchangeRate !== undefined && { ExchangeRate: exact(paid.exchangeRate) }),
    ...(paid.operationNumber !== undefined && { OperationNumber: paid.operationNumber }),
    RelatedDocuments: paid.documents.map(document => ({
      Uuid: document.fiscalId,
      ...(document.series !== undefined && { Serie: document.series }),
      ...(document.number !== undefined && { Folio: document.number }),
      Currency: document.currency,
      ...(document.currency !== paid.currency && document.equivalence !== undefined && { EquivalenceDocRel: document.equivalence }),
      PaymentMethod: 'PPD',
      PartialityNumber: document.part,
      PreviousBalanceAmount: exact(document.balance),
      AmountPaid: exact(document.amount),
      ImpSaldoInsoluto: document.remaining ?? sumOf([document.balance], [document.amount]),
      TaxObject: document.taxObject ?? '01',
      ...((document.share ?? []).length > 0 && {
        Taxes: document.share!.map(({ tax, factor, rate = '0', base, amount = '0', withheld }) => ({
          Name: nameOf(tax, withheld, factor === 'Exento'), Rate: exact(rate), Base: exact(base), Total: exact(amount), IsRetention: withheld, IsQuota: factor === 'Cuota'
        }))
      })
    }))
  }
}

/** What the clocks of the zone show: `AAAA-MM-DDThh:mm:ss`. */
function localTime (at: Date, zone: string): string {
  return at.toLocaleString('sv-SE', { timeZone: zone, hourCycle: 'h23' }).replace(' ', 'T')
}
