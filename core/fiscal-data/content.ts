import { type Static, Type } from 'typebox'
import { closed, oneOf } from '../http-schema.ts'

/** What a document says of its buyer and of what is sold, in the words of the API: invoices, payments and sales say it alike. */

export const Text = (maxLength: number, description?: string) => Type.String({ minLength: 1, maxLength, ...(description !== undefined && { description }) })

/** Decimal quantities and prices are strings: no float ever touches a fiscal amount. */
export const Decimal = (description?: string) => Type.String({ pattern: '^\\d{1,18}(\\.\\d{1,6})?$', ...(description !== undefined && { description }) })

// --- Spain --------------------------------------------------------------------------------------------------------------

const Amount = Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,2})?$' })
const Rate = Type.String({ pattern: '^[01](\\.\\d{1,6})?$' })
const Day = Type.String({ format: 'date' })
export const Period = Type.Object({ start: Day, end: Day }, closed)
const Charge = Type.Object({ reason: Text(2500), rate: Type.Optional(Rate), amount: Type.Optional(Amount) }, closed)
export const Charges = (description: string) => Type.Optional(Type.Array(Charge, { maxItems: 50, description }))
const Centre = (description: string) => Type.Optional(Type.String({ pattern: '^[A-Za-z0-9]{6,10}$', description }))

export const EsCustomer = Type.Object({
  person: Type.Optional(oneOf(['natural', 'legal'], { description: 'Told by the NIF when absent.' })),
  residence: Type.Optional(oneOf(['resident', 'eu', 'foreign'], { description: 'Told by the country of the address when absent.' })),
  first_surname: Type.Optional(Text(40, 'Of a person; then `name` is the given name alone. The last words of `name` when absent.')),
  second_surname: Type.Optional(Text(40)),
  trade_name: Type.Optional(Text(40)),
  dir3: Type.Optional(Type.Object({
    accounting_office: Centre('Oficina contable (01)'), managing_body: Centre('Órgano gestor (02)'), processing_unit: Centre('Unidad tramitadora (03)'), proposing_body: Centre('Órgano proponente (04)')
  }, { ...closed, description: 'Of a public buyer: with it the invoice goes to FACe.' }))
}, closed)

export const EsLine = Type.Object({
  discounts: Charges('Beside `discount`.'),
  charges: Charges('Charges of the line.'),
  special: Type.Optional(Type.Object({ code: oneOf(['01', '02'], { description: '01 exempt, 02 not taxable' }), reason: Text(2500, 'The provision: `Art. 20.Uno.9º LIVA`') }, closed)),
  period: Type.Optional(Period),
  information: Type.Optional(Text(2500))
}, closed)

// --- Ecuador ------------------------------------------------------------------------------------------------------------

export const Field = Type.Object({ name: Text(300), value: Text(300) }, closed)

export const EcLine = Type.Object({
  auxiliary_code: Type.Optional(Text(25, 'codigoAuxiliar')),
  details: Type.Optional(Type.Array(Field, { maxItems: 3, description: 'detallesAdicionales' }))
}, closed)

// --- every country ------------------------------------------------------------------------------------------------------

export const Address = Type.Object({
  street: Type.Optional(Text(200)), city: Type.Optional(Text(100)), region: Type.Optional(Text(100)), postal_code: Type.Optional(Text(12)), country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' }))
}, closed)

export const InvoiceCustomer = Type.Object({
  name: Text(300, 'As the tax authority has it: in Mexico in capitals, without the corporate suffix.'),
  tax_id: Text(40),
  tax_id_type: Type.Optional(Text(20)),
  address: Type.Optional(Address),
  email: Type.Optional(Type.String({ format: 'email', maxLength: 254 })),
  mx: Type.Optional(Type.Object({
    regime: Type.Optional(Type.String({ pattern: '^\\d{3}$', description: 'c_RegimenFiscal' })),
    cfdi_use: Type.Optional(Type.String({ pattern: '^[A-Z0-9]{3,4}$', description: 'c_UsoCFDI' })),
    residence: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$', description: 'c_Pais, of a foreign receiver' })),
    foreign_tax_id: Type.Optional(Text(40))
  }, closed)),
  es: Type.Optional(EsCustomer)
}, { ...closed, title: 'InvoiceCustomer' })
export type InvoiceCustomer = Static<typeof InvoiceCustomer>

export const InvoiceTax = Type.Object({
  type: Text(20, 'IVA, ISR, IEPS … of the country'),
  rate: Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,6})?$', description: 'A fraction: 0.16' }),
  withheld: Type.Optional(Type.Boolean()),
  exempt: Type.Optional(Type.Boolean()),
  quota: Type.Optional(Type.Boolean({ description: '`rate` is an amount a unit, not a fraction.' })),
  base: Type.Optional(Decimal('Where the law’s base is not the line’s amount.')),
  code: Type.Optional(Type.String({ pattern: '^[0-9A-Z]{1,10}$', description: 'The authority’s own code where the rate does not tell it. Ecuador: ICE by table 18; IVA 6, not subject.' }))
}, closed)

export const InvoiceLine = Type.Object({
  description: Text(1000),
  quantity: Decimal(),
  unit_price: Decimal('Before taxes.'),
  discount: Type.Optional(Decimal('Of the whole line.')),
  sku: Type.Optional(Text(100)),
  unit: Type.Optional(Text(20)),
  taxes: Type.Array(InvoiceTax, { maxItems: 10 }),
  mx: Type.Optional(Type.Object({
    product_key: Type.String({ pattern: '^\\d{8}$', description: 'c_ClaveProdServ' }),
    unit_key: Type.String({ pattern: '^[A-Z0-9]{2,3}$', description: 'c_ClaveUnidad' }),
    tax_object: Type.Optional(Type.String({ pattern: '^0\\d$', description: 'c_ObjetoImp; 02 when there are taxes, 01 when there are none' })),
    customs: Type.Optional(Type.Array(Text(40, 'Pedimento: `15  48  3009  0001234`'), { minItems: 1, maxItems: 100, description: 'Numbers of customs declarations (pedimentos).' })),
    property: Type.Optional(Type.Array(Text(150), { minItems: 1, maxItems: 20, description: 'Numbers of the cuenta predial, of a rent.' })),
    third_party: Type.Optional(Type.Object({ tax_id: Text(13), name: Text(300), regime: Type.String({ pattern: '^\\d{3}$' }), postal_code: Type.String({ pattern: '^\\d{5}$' }) }, { ...closed, description: 'On whose account it is sold.' }))
  }, closed)),
  ec: Type.Optional(EcLine),
  es: Type.Optional(EsLine)
}, { ...closed, title: 'InvoiceLine' })
export type InvoiceLine = Static<typeof InvoiceLine>

/** A rule of the authority that is broken, with its own code. */
export const Finding = Type.Object({ code: Type.String(), level: oneOf(['error', 'warning']), path: Type.String(), message: Type.String() }, { title: 'Finding' })
export type Finding = Static<typeof Finding>
