import { isNear, productOf, type SatModel, sumOf } from '../../../core/adapter/index.ts'

/** A field that Facturama would complain of in its ModelState. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly field: string

  constructor (field: string, message: string) {
    super(message)
    this.field = field
  }
}

interface Issuer { rfc: string, name: string, regime: string }
type Wire = Record<string, unknown>

const kinds: Readonly<Record<string, SatModel['kind']>> = { I: 'invoice', E: 'credit_note', T: 'transfer', P: 'payment_receipt' }

/**
 * The request as a document that is to be made. The caller computes Subtotal, taxes and Total of each item, so what does not add up
 * is refused. `issuer`: the account's own, of the web API; of the other one the request says it.
 */
export function modelOf (body: Wire, issuer: Issuer | undefined): { model: SatModel, fecha?: string } {
  const at = (name: string) => `cfdiToCreate.${name}`
  const kind = kinds[String(body.CfdiType)]
  if (kind === undefined) throw new WireError(at('CfdiType'), 'El tipo de CFDI no es válido')
  const receipt = kind === 'payment_receipt'
  const from = issuer === undefined ? object(body.Issuer, at('Issuer')) : undefined
  const receiver = object(body.Receiver, at('Receiver'))
  const fecha = optional(body.Date)
  const place = required(body.ExpeditionPlace, at('ExpeditionPlace'))
  const items = receipt ? [] : list(body.Items, at('Items'))
  if (!receipt && items.length === 0) throw new WireError(at('Items'), 'Debe incluir al menos un concepto')
  const relations = body.Relations === undefined ? undefined : object(body.Relations, at('Relations'))
  const global = body.GlobalInformation === undefined ? undefined : object(body.GlobalInformation, at('GlobalInformation'))
  const payments = receipt ? list(object(body.Complemento, at('Complemento')).Payments, at('Complemento.Payments')) : []
  const postalCode = optional(receiver.TaxZipCode)
  const model: SatModel = {
    reference: 'simulated',
    country: 'MX',
    kind,
    ...text('series', body.Serie),
    ...text('number', body.Folio),
    issuer: {
      name: issuer?.name ?? required(from!.Name, at('Issuer.Name')),
      taxId: issuer?.rfc ?? required(from!.Rfc, at('Issuer.Rfc')),
      address: { postalCode: place },
      mx: { regime: issuer?.regime ?? required(from!.FiscalRegime, at('Issuer.FiscalRegime')) }
    },
    customer: {
      name: required(receiver.Name, at('Receiver.Name')),
      taxId: required(receiver.Rfc, at('Receiver.Rfc')),
      ...(postalCode !== undefined && { address: { postalCode } }),
      mx: { ...text('regime', receiver.FiscalRegime), ...text('cfdiUse', receiver.CfdiUse), ...text('residence', receiver.TaxResidence), ...text('foreignTaxId', receiver.TaxRegistrationNumber) }
    },
    currency: receipt ? 'XXX' : optional(body.Currency) ?? 'MXN',
    ...text('exchangeRate', body.CurrencyExchangeRate),
    ...(!receipt && kind !== 'transfer' && { payment: { ...text('method', body.PaymentMethod), ...text('form', body.PaymentForm), ...text('conditions', body.PaymentConditions) } }),
    ...(relations !== undefined && { related: list(relations.Cfdis, at('Relations.Cfdis')).map(({ Uuid }) => ({ type: String(relations.Type), fiscalId: String(Uuid) })) }),
    lines: items.map((item, index) => itemOf(item, at(`Items[${index}]`))),
    mx: {
      postalCode: place,
      ...text('export', body.Exportation),
      ...(global !== undefined && { global: { periodicity: String(global.Periodicity), months: String(global.Months), year: String(global.Year) } }),
      // The times of the request are local already.
      ...(receipt && fecha !== undefined && { zone: 'UTC' }),
      ...(receipt && { payments: payments.map((paid, index) => paymentOf(paid, at(`Complemento.Payments[${index}]`))) })
    }
  }
  return { model, ...(fecha !== undefined && { fecha: fecha.replace(' ', 'T') }) }
}

const taxes: Readonly<Record<string, { type: string, withheld?: boolean, exempt?: boolean }>> = {
  IVA: { type: 'IVA' }, 'IVA RET': { type: 'IVA', withheld: true }, 'IVA EXENTO': { type: 'IVA', exempt: true }, ISR: { type: 'ISR', withheld: true }, IEPS: { type: 'IEPS' }
}

function itemOf (item: Wire, at: string): SatModel['lines'][number] {
  const [quantity, unitPrice, subtotal, discount] = [decimal(item.Quantity, `${at}.Quantity`), decimal(item.UnitPrice, `${at}.UnitPrice`), decimal(item.Subtotal, `${at}.Subtotal`), decimal(item.Discount ?? '0', `${at}.Discount`)]
  if (!isNear(subtotal, productOf(quantity, unitPrice, 6), '0.01')) throw new WireError(`${at}.Subtotal`, 'El Subtotal debe ser igual a Quantity * UnitPrice')
  const given = item.Taxes === undefined ? [] : list(item.Taxes, `${at}.Taxes`)
  const read = given.map((tax, index) => {
    const place = `${at}.Taxes[${index}]`
    const named = taxes[String(tax.Name).toUpperCase()]
    if (named === undefined) throw new WireError(`${place}.Name`, `El impuesto ${String(tax.Name)} no es válido`)
    const [rate, base, total] = [decimal(tax.Rate, `${place}.Rate`), decimal(tax.Base, `${place}.Base`), decimal(tax.Total, `${place}.Total`)]
    const quota = String(tax.IsQuota) === 'true'
    const withheld = named.withheld ?? String(tax.IsRetention) === 'true'
    if (named.exempt !== true && !quota && !isNear(total, productOf(base, rate, 6), '0.01')) throw new WireError(`${place}.Total`, 'El Total del impuesto debe ser igual a Base * Rate')
    return { ...named, rate, base, total, withheld, ...(quota && { quota }) }
  })
  const expected = sumOf([subtotal, ...read.filter(({ withheld }) => !withheld).map(({ total }) => total)], [discount, ...read.filter(({ withheld }) => withheld).map(({ total }) => total)])
  if (!isNear(decimal(item.Total, `${at}.Total`), expected, '0.01')) throw new WireError(`${at}.Total`, `El Total debe ser ${expected}`)
  const third = item.ThirdPartyAccount === undefined ? undefined : object(item.ThirdPartyAccount, `${at}.ThirdPartyAccount`)
  return {
    description: required(item.Description, `${at}.Description`),
    quantity,
    unitPrice,
    ...(discount !== '0' && { discount }),
    ...text('sku', item.IdentificationNumber),
    ...text('unit', item.Unit),
    taxes: read.map(({ type, rate, base, withheld, exempt, quota }) => ({ type, rate, base, withheld, ...(exempt !== undefined && { exempt }), ...(quota !== undefined && { quota }) })),
    mx: {
      productKey: required(item.ProductCode, `${at}.ProductCode`),
      unitKey: required(item.UnitCode, `${at}.UnitCode`),
      taxObject: required(item.TaxObject, `${at}.TaxObject`),
      ...(Array.isArray(item.NumerosPedimento) && { customs: item.NumerosPedimento.map(String) }),
      ...(Array.isArray(item.PropertyTaxIDNumber) && { property: item.PropertyTaxIDNumber.map(String) }),
      ...(third !== undefined && { thirdParty: { taxId: String(third.Rfc), name: String(third.Name), regime: String(third.FiscalRegime), postalCode: String(third.TaxZipCode) } })
    }
  }
}

const keys: Readonly<Record<string, string>> = { ISR: '001', IVA: '002', IEPS: '003' }

function paymentOf (paid: Wire, at: string): NonNullable<NonNullable<SatModel['mx']>['payments']>[number] {
  const currency = optional(paid.Currency) ?? 'MXN'
  return {
    paidAt: `${required(paid.Date, `${at}.Date`).replace(' ', 'T')}Z`.replace(/^(\d{4}-\d\d-\d\d)Z$/, '$1T12:00:00Z'),
    form: required(paid.PaymentForm, `${at}.PaymentForm`),
    currency,
    ...text('exchangeRate', paid.ExchangeRate),
    amount: decimal(paid.Amount, `${at}.Amount`),
    ...text('operationNumber', paid.OperationNumber),
    documents: list(paid.RelatedDocuments, `${at}.RelatedDocuments`).map((document, index) => {
      const place = `${at}.RelatedDocuments[${index}]`
      if ((optional(document.Currency) ?? 'MXN') !== currency) throw new WireError(`${place}.Currency`, 'El simulador solo conoce pagos en la moneda del documento')
      const [balance, amount] = [decimal(document.PreviousBalanceAmount, `${place}.PreviousBalanceAmount`), decimal(document.AmountPaid, `${place}.AmountPaid`)]
      if (!isNear(decimal(document.ImpSaldoInsoluto, `${place}.ImpSaldoInsoluto`), sumOf([balance], [amount]))) throw new WireError(`${place}.ImpSaldoInsoluto`, 'ImpSaldoInsoluto debe ser PreviousBalanceAmount - AmountPaid')
      const shares = (document.Taxes === undefined ? [] : list(document.Taxes, `${place}.Taxes`)).map((tax, at) => {
        const named = taxes[String(tax.Name).toUpperCase()]
        if (named === undefined) throw new WireError(`${place}.Taxes[${at}].Name`, `El impuesto ${String(tax.Name)} no es válido`)
        const factor = named.exempt === true ? 'Exento' : String(tax.IsQuota) === 'true' ? 'Cuota' : 'Tasa'
        return { withheld: named.withheld ?? String(tax.IsRetention) === 'true', tax: keys[named.type]!, factor, base: decimal(tax.Base, `${place}.Taxes[${at}].Base`), ...(factor !== 'Exento' && { rate: productOf(decimal(tax.Rate, `${place}.Taxes[${at}].Rate`), '1', 6) }) }
      })
      const of = (withheld: boolean) => shares.filter(share => share.withheld === withheld).map(({ withheld: _, ...share }) => share)
      return {
        fiscalId: required(document.Uuid, `${place}.Uuid`),
        ...text('series', document.Serie),
        ...text('number', document.Folio),
        currency,
        part: Number(document.PartialityNumber),
        balance,
        amount,
        taxObject: required(document.TaxObject, `${place}.TaxObject`),
        // What is told is the share of this payment, so it is all of it.
        ...(shares.length > 0 && { taxes: { total: amount, charged: of(false), withheld: of(true) } })
      }
    })
  }
}

function object (value: unknown, field: string): Wire {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WireError(field, 'El campo es requerido')
  return value as Wire
}

function list (value: unknown, field: string): Wire[] {
  if (!Array.isArray(value)) throw new WireError(field, 'El campo es requerido')
  return value.map((each, index) => object(each, `${field}[${index}]`))
}

function required (value: unknown, field: string): string {
  const told = optional(value)
  if (told === undefined) throw new WireError(field, 'El campo es requerido')
  return told
}

const optional = (value: unknown): string | undefined => value === undefined || value === null || value === '' ? undefined : String(value)

const text = <K extends string>(name: K, value: unknown): Partial<Record<K, string>> => {
  const told = optional(value)
  return told === undefined ? {} : { [name]: told } as Partial<Record<K, string>>
}

function decimal (value: unknown, field: string): string {
  const told = optional(value)
  if (told === undefined || !/^\d{1,18}(\.\d{1,6})?$/.test(told)) throw new WireError(field, 'El valor no es un número válido')
  return told
}
