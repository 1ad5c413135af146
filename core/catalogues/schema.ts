import { Type } from 'typebox'
import { Nullable } from '../http-schema.ts'

const Day = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' })

export const CatalogueParams = Type.Object({ name: Type.String({ maxLength: 40, description: 'As the authority calls it: `c_FormaPago` of the SAT, `sri_formaPago` of the SRI, `facturae_TaxTypeCode` of Facturae.' }) })

export const CatalogueQuery = Type.Object({
  on: Type.Optional(Type.String({ pattern: '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$', description: 'Only what a document of that local day may use.' })),
  search: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'The beginning of a key, or words of its text; accents and capitals do not matter.' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 3000 })),
  cursor: Type.Optional(Type.String({ maxLength: 60 }))
})

const CatalogueEntry = Type.Object({
  code: Type.String(),
  text: Type.String({ description: 'In the authority’s language.' }),
  valid_from: Nullable(Day),
  valid_to: Nullable(Day)
}, { additionalProperties: true, title: 'CatalogueEntry', description: 'What else it has depends on the catalogue: `decimals` of a currency, `regimes` of a use of CFDI …' })

const head = {
  object: Type.Literal('catalogue'),
  name: Type.String(),
  title: Type.String(),
  source: Type.String(),
  edition: Day
}

export const CatalogueView = Type.Object({ ...head, data: Type.Array(CatalogueEntry), next_cursor: Nullable(Type.String()) }, { title: 'Catalogue' })
export const CatalogueList = Type.Object({ data: Type.Array(Type.Object({ ...head, entries: Type.Integer() })), next_cursor: Type.Null() })
