import { type Collected, type CollectField, type CollectInput, collectFields } from '../adapter/checkout.ts'
import { cataloguesOf } from '../catalogues/service.ts'
import { isValid } from '../fiscal/catalogues/catalogues.ts'
import { corporateSuffix } from '../fiscal/mx/rules/rfc.ts'
import { normalTaxId, type TaxCountry } from '../tax-ids.ts'
import type { InvoiceCustomer } from './content.ts'
import type { FiscalData } from './schema.ts'

/** What a document of that country needs of its buyer, and the provider's page can ask. */
export function fieldsOf (country: TaxCountry, offered: readonly CollectField[] = []): CollectField[] {
  const needed: readonly CollectField[] = country === 'MX' ? collectFields : ['tax_id', 'name', 'postal_code']
  // Without a tax id there is no buyer to invoice, whatever else was typed.
  return offered.includes('tax_id') ? needed.filter(field => offered.includes(field)) : []
}

const labels = {
  es: { regime: 'Régimen fiscal (si desea factura)', use: 'Uso del CFDI (si desea factura)' },
  en: { regime: 'Tax regime (if you want an invoice)', use: 'Use of the CFDI (if you want an invoice)' }
}

/** The questions, with the choices that the law has on that day (`AAAA-MM-DD`). */
export function collectInput (fields: readonly CollectField[], { dataDir, on, language }: { dataDir: string, on: string, language: 'es' | 'en' }): CollectInput {
  const catalogues = cataloguesOf(dataDir)
  const choices = (name: 'c_RegimenFiscal' | 'c_UsoCFDI', left: readonly string[]) => catalogues.get(name).entries
    .filter(entry => isValid(entry, on) && !left.includes(entry.code))
    .map(({ code, text }) => ({ value: code, label: `${code} ${text}` }))
  const input: CollectInput = {}
  for (const field of fields) {
    if (field === 'regime') input.regime = { label: labels[language].regime, choices: choices('c_RegimenFiscal', []) }
    // Of a payment receipt and of payroll: never of what is sold.
    else if (field === 'use') input.use = { label: labels[language].use, choices: choices('c_UsoCFDI', ['CP01', 'CN01']) }
    else input[field] = true
  }
  return input
}

/** What was told beforehand, with what the buyer typed on the page before it. Who typed no tax id wants no other document. */
export function withCollected (data: FiscalData, typed: Collected | undefined): FiscalData {
  if (typed?.tax_id === undefined) return data
  return { ...data, customer: customerOf(data, typed, normalTaxId(data.country, typed.tax_id)) }
}

function customerOf ({ country, customer: given }: FiscalData, typed: Collected, taxId: string): InvoiceCustomer {
  const email = typed.email ?? given?.email
  const address = Object.fromEntries(Object.entries(typed.address ?? {}).map(([name, value]) => [name, value.slice(0, room[name as keyof typeof room])]))
  return {
    name: nameOf(country, taxId, typed.name ?? given?.name ?? taxId).slice(0, 300),
    tax_id: taxId.slice(0, 40),
    ...(Object.keys(address).length > 0 ? { address } : given?.address !== undefined && { address: given.address }),
    ...(email !== undefined && { email }),
    ...(country === 'MX' && (typed.regime !== undefined || typed.use !== undefined) && { mx: { ...(typed.regime !== undefined && { regime: typed.regime }), ...(typed.use !== undefined && { cfdi_use: typed.use }) } })
  }
}

const room = { street: 200, city: 100, region: 100, postal_code: 12, country: 2 }

/** In Mexico as the constancia has it: in capitals and without the kind of company, which buyers write all the same (CFDI40145). */
function nameOf (country: TaxCountry, taxId: string, name: string): string {
  const plain = name.trim().replace(/\s+/g, ' ')
  if (country !== 'MX') return plain
  const capitals = plain.toUpperCase()
  // A person's name has none, though it may end like one.
  const suffix = taxId.length === 12 ? corporateSuffix(capitals) : undefined
  if (suffix === undefined) return capitals
  // Its letters may be written apart or with points: `S.A. de C.V.`
  const written = new RegExp(`[ ,]+${suffix.replaceAll(' ', '').split('').join('[ .,]*')}[ .,]*$`)
  return capitals.replace(written, '')
}
