/** One key of a catalogue, as the authority publishes it. Texts are in its language. */
export interface Entry {
  code: string
  text: string
  /** First and last local day on which a document may use it, `AAAA-MM-DD`; null where it is open. */
  valid_from: string | null
  valid_to: string | null
}

/** Who may stand in a payment of this form, and how the account numbers look (regular expressions, whole value). */
export interface PaymentForm extends Entry {
  banked: boolean
  payer_bank: boolean
  payer_account: boolean
  payer_account_pattern: string | null
  payee_bank: boolean
  payee_account: boolean
  payee_account_pattern: string | null
  /** TipoCadPago (SPEI). */
  payment_chain: boolean
}

export interface Currency extends Entry {
  decimals: number
  /** How far from the day's rate, in per cent, TipoCambio may be without Confirmacion. */
  variation_percent: number
}

export interface DocumentType extends Entry {
  /** The largest Total without Confirmacion. */
  max_total: string
}

export interface Tax extends Entry {
  withheld: boolean
  transferred: boolean
}

/** A fixed rate (`min` is null) or the range between two, both included. */
export interface Rate extends Entry {
  tax: string
  factor: 'Tasa' | 'Cuota'
  min: string | null
  max: string
  withheld: boolean
  transferred: boolean
}

/** Persons: `natural` (física, RFC of 13) and `legal` (moral, RFC of 12). */
export interface Regime extends Entry {
  natural: boolean
  legal: boolean
}

export interface CfdiUse extends Entry {
  natural: boolean
  legal: boolean
  /** The regimes of receivers that may use it. */
  regimes: string[]
}

export interface Country extends Entry {
  postal_code_pattern: string | null
  tax_id_pattern: string | null
  group: string | null
}

export interface Unit extends Entry {
  symbol: string | null
}

export interface PostalCode extends Entry {
  state: string
  /** Whole or part of it may use the incentive of the border regions (IVA at 8 %). */
  border: boolean
  /** The authority's name for its zone, such as `Tiempo del Centro`. */
  zone: string | null
}

export interface Product extends Entry {
  border: boolean
  /** The complement that the authority asks for, in its words. */
  complement: string | null
}

/** What the project carries. */
export interface Small {
  c_FormaPago: PaymentForm
  c_MetodoPago: Entry
  c_Moneda: Currency
  c_TipoDeComprobante: DocumentType
  c_Exportacion: Entry
  c_Impuesto: Tax
  c_TipoFactor: Entry
  c_TasaOCuota: Rate
  c_ObjetoImp: Entry
  c_RegimenFiscal: Regime
  c_UsoCFDI: CfdiUse
  c_TipoRelacion: Entry
  c_Periodicidad: Entry
  c_Meses: Entry
  c_Pais: Country
  c_Aduana: Entry
  c_ClaveUnidad: Unit
}

/** What an operator may import: tens of thousands of entries each. Without them a key's shape is all that is known. */
export interface Large {
  c_ClaveProdServ: Product
  c_CodigoPostal: PostalCode
}

export interface All extends Small, Large {}
export type CatalogueName = keyof All

/** Title of each, in the authority's words; the order is that of the list. */
export const titles: Readonly<Record<CatalogueName, string>> = {
  c_FormaPago: 'Formas de pago',
  c_MetodoPago: 'Métodos de pago',
  c_Moneda: 'Monedas',
  c_TipoDeComprobante: 'Tipos de comprobante',
  c_Exportacion: 'Exportación',
  c_Impuesto: 'Impuestos',
  c_TipoFactor: 'Tipos de factor',
  c_TasaOCuota: 'Tasas o cuotas de impuestos',
  c_ObjetoImp: 'Objeto de impuesto',
  c_RegimenFiscal: 'Regímenes fiscales',
  c_UsoCFDI: 'Usos del CFDI',
  c_TipoRelacion: 'Tipos de relación entre CFDI',
  c_Periodicidad: 'Periodicidad de la factura global',
  c_Meses: 'Meses y bimestres',
  c_Pais: 'Países',
  c_Aduana: 'Aduanas',
  c_ClaveUnidad: 'Unidades de medida',
  c_ClaveProdServ: 'Productos y servicios',
  c_CodigoPostal: 'Códigos postales'
}

/** Where no file is imported, a key of these is known by its shape alone. */
export const shapes: Readonly<Record<keyof Large, RegExp>> = {
  c_ClaveProdServ: /^[0-9]{8}$/,
  c_CodigoPostal: /^[0-9]{5}$/
}
