import type { Regime } from '../../catalogues/entries.ts'
import { hasForeignTrade, publicName } from './document.ts'
import { corporateSuffix, foreignRfc, hasCheckDigit, hasDate, isGeneric, type Person, personOf, publicRfc } from './rfc.ts'
import { type AnyRule, type Broken, type Here, rule } from './rule.ts'

const persons: Readonly<Record<Person, string>> = { natural: 'física / natural', legal: 'moral / legal' }

/** The regime is known and is not for this kind of person. */
function regimeOfOther (rfc: string | undefined, code: string | undefined, { catalogues, on }: Here): Broken | undefined {
  const person = personOf(rfc)
  const regime: Regime | undefined = code === undefined ? undefined : catalogues.lookup('c_RegimenFiscal', code, on)
  return person === undefined || regime === undefined || regime[person] ? undefined : { regime: code!, text: regime.text, person: persons[person] }
}

function suffixOf (name: string | undefined): Broken | undefined {
  const suffix = name === undefined ? undefined : corporateSuffix(name)
  return suffix === undefined ? undefined : { suffix }
}

const lowerCase = (name: string | undefined): boolean => name !== undefined && name !== name.toUpperCase()

function impossibleDate (rfc: string | undefined): Broken | undefined {
  return personOf(rfc) !== undefined && !hasDate(rfc!) ? { rfc: rfc! } : undefined
}

function oddDigit (rfc: string | undefined): Broken | undefined {
  return personOf(rfc) !== undefined && !isGeneric(rfc) && !hasCheckDigit(rfc!) ? { rfc: rfc! } : undefined
}

const suffixSentence = {
  es: 'Quite "{suffix}" de Nombre: en el CFDI 4.0 va sin el régimen societario, tal como en la constancia de situación fiscal.',
  en: 'Take "{suffix}" out of Nombre: in CFDI 4.0 it goes without the kind of company, just as in the constancia de situación fiscal.'
}
const capitalsSentence = {
  es: 'Nombre debe ir en mayúsculas, tal como en la constancia de situación fiscal.',
  en: 'Nombre must be in capitals, just as in the constancia de situación fiscal.'
}
const dateSentence = {
  es: 'El RFC {rfc} tiene una fecha que no existe: revíselo en la constancia de situación fiscal.',
  en: 'The RFC {rfc} has a date that does not exist: check it in the constancia de situación fiscal.'
}
const digitSentence = {
  es: 'El dígito verificador del RFC {rfc} no es el esperado: revise que esté bien escrito (existen RFC así).',
  en: 'The check digit of the RFC {rfc} is not the expected one: check that it is written right (such RFCs do exist).'
}
const regimeSentence = {
  es: 'El régimen {regime} ({text}) no es de una persona {person}: corrija el régimen o el RFC.',
  en: 'The regime {regime} ({text}) is not for a person {person}: correct the regime or the RFC.'
}

/** Issuer, receiver and third parties. What only the SAT's lists know (l_RFC, l_LCO) is not judged. */
export const partyRules: readonly AnyRule[] = [
  rule({ code: 'CFDI40138', level: 'error', at: 'Emisor', field: 'Rfc', source: 'practice', check: ({ Rfc }) => impossibleDate(Rfc), ...dateSentence }),
  rule({ code: 'CFDI40138', level: 'warning', at: 'Emisor', field: 'Rfc', source: 'practice', check: ({ Rfc }) => oddDigit(Rfc), ...digitSentence }),
  rule({ code: 'CFDI40139', level: 'warning', at: 'Emisor', field: 'Nombre', source: 'guide', check: ({ Nombre }) => suffixOf(Nombre), ...suffixSentence }),
  rule({ code: 'CFDI40139', level: 'warning', at: 'Emisor', field: 'Nombre', source: 'guide', check: ({ Nombre }) => lowerCase(Nombre), ...capitalsSentence }),
  rule({ code: 'CFDI40141', level: 'error', at: 'Emisor', field: 'RegimenFiscal', source: 'matrix', check: ({ Rfc, RegimenFiscal }, here) => regimeOfOther(Rfc, RegimenFiscal, here), ...regimeSentence }),

  rule({ code: 'CFDI40143', level: 'error', at: 'Receptor', field: 'Rfc', source: 'practice', check: ({ Rfc }) => impossibleDate(Rfc), ...dateSentence }),
  rule({ code: 'CFDI40143', level: 'warning', at: 'Receptor', field: 'Rfc', source: 'practice', check: ({ Rfc }) => oddDigit(Rfc), ...digitSentence }),
  rule({ code: 'CFDI40145', level: 'warning', at: 'Receptor', field: 'Nombre', source: 'guide', check: ({ Nombre, Rfc }) => isGeneric(Rfc) ? undefined : suffixOf(Nombre), ...suffixSentence }),
  rule({ code: 'CFDI40145', level: 'warning', at: 'Receptor', field: 'Nombre', source: 'guide', check: ({ Nombre, Rfc }) => !isGeneric(Rfc) && lowerCase(Nombre), ...capitalsSentence }),
  rule({
    code: 'CFDI40146', level: 'error', at: 'Receptor', field: 'Rfc', source: 'matrix',
    check: ({ Nombre, Rfc }) => Nombre === publicName && Rfc !== undefined && Rfc !== publicRfc ? { rfc: Rfc } : undefined,
    es: 'Con el nombre "PUBLICO EN GENERAL" el RFC debe ser XAXX010101000, no {rfc}.',
    en: 'With the name "PUBLICO EN GENERAL" the RFC must be XAXX010101000, not {rfc}.'
  }),
  rule({
    code: 'CFDI40148', level: 'error', at: 'Receptor', field: 'DomicilioFiscalReceptor', source: 'matrix?',
    check: ({ DomicilioFiscalReceptor: code }, { catalogues, on }) => code !== undefined && /^\d{5}$/.test(code) && !catalogues.allows('c_CodigoPostal', code, on) ? { code } : undefined,
    es: 'El código postal {code} no está en c_CodigoPostal: use el de la constancia de situación fiscal del receptor.',
    en: 'The postal code {code} is not in c_CodigoPostal: use the one of the receiver’s constancia de situación fiscal.'
  }),
  rule({
    code: 'CFDI40149', level: 'error', at: 'Receptor', field: 'DomicilioFiscalReceptor', source: 'matrix',
    check: ({ Rfc, DomicilioFiscalReceptor: code }, { document: { LugarExpedicion: place } }) => isGeneric(Rfc) && code !== undefined && place !== undefined && code !== place ? { rfc: Rfc!, place } : undefined,
    es: 'Con el RFC genérico {rfc}, DomicilioFiscalReceptor debe ser el mismo que LugarExpedicion: {place}.',
    en: 'With the generic RFC {rfc}, DomicilioFiscalReceptor must be the same as LugarExpedicion: {place}.'
  }),
  rule({
    code: 'CFDI40151', level: 'error', at: 'Receptor', field: 'ResidenciaFiscal', source: 'matrix',
    check: ({ Rfc, ResidenciaFiscal }) => ResidenciaFiscal !== undefined && personOf(Rfc) !== undefined && Rfc !== foreignRfc ? { rfc: Rfc! } : undefined,
    es: 'Quite ResidenciaFiscal: es de receptores extranjeros (XEXX010101000), y el RFC es {rfc}.',
    en: 'Take ResidenciaFiscal away: it is for foreign receivers (XEXX010101000), and the RFC is {rfc}.'
  }),
  rule({
    code: 'CFDI40152', level: 'error', at: 'Receptor', field: 'ResidenciaFiscal', source: 'matrix',
    check: ({ ResidenciaFiscal }) => ResidenciaFiscal === 'MEX',
    es: 'ResidenciaFiscal no puede ser MEX: ponga el país del receptor extranjero, o quítela.',
    en: 'ResidenciaFiscal cannot be MEX: say the country of the foreign receiver, or take it away.'
  }),
  rule({
    code: 'CFDI40153', level: 'error', at: 'Receptor', field: 'ResidenciaFiscal', source: 'matrix',
    check: ({ Rfc, ResidenciaFiscal, NumRegIdTrib }, { document }) => Rfc === foreignRfc && ResidenciaFiscal === undefined && (NumRegIdTrib !== undefined || hasForeignTrade(document)),
    es: 'Agregue ResidenciaFiscal: el país del receptor extranjero (c_Pais).',
    en: 'Add ResidenciaFiscal: the country of the foreign receiver (c_Pais).'
  }),
  rule({
    code: 'CFDI40154', level: 'error', at: 'Receptor', field: 'NumRegIdTrib', source: 'matrix',
    check: ({ Rfc, NumRegIdTrib }) => NumRegIdTrib !== undefined && personOf(Rfc) !== undefined && Rfc !== foreignRfc ? { rfc: Rfc! } : undefined,
    es: 'Quite NumRegIdTrib: es de receptores extranjeros (XEXX010101000), y el RFC es {rfc}.',
    en: 'Take NumRegIdTrib away: it is for foreign receivers (XEXX010101000), and the RFC is {rfc}.'
  }),
  rule({
    code: 'CFDI40155', level: 'error', at: 'Receptor', field: 'NumRegIdTrib', source: 'matrix',
    check: ({ Rfc, NumRegIdTrib }, { document }) => Rfc === foreignRfc && NumRegIdTrib === undefined && hasForeignTrade(document),
    es: 'Con el complemento de Comercio Exterior, agregue NumRegIdTrib: el número de identificación fiscal del receptor en su país.',
    en: 'With the complement of foreign trade, add NumRegIdTrib: the tax number of the receiver in their country.'
  }),
  rule({
    code: 'CFDI40156', level: 'error', at: 'Receptor', field: 'NumRegIdTrib', source: 'matrix',
    check: ({ NumRegIdTrib, ResidenciaFiscal = '' }, { catalogues, on }) => {
      const pattern = catalogues.lookup('c_Pais', ResidenciaFiscal, on)?.tax_id_pattern
      return NumRegIdTrib !== undefined && pattern !== undefined && pattern !== null && !whole(pattern).test(NumRegIdTrib) ? { country: ResidenciaFiscal } : undefined
    },
    es: 'NumRegIdTrib no tiene la forma que c_Pais da para {country}.',
    en: 'NumRegIdTrib does not have the form that c_Pais gives for {country}.'
  }),
  rule({
    code: 'CFDI40158', level: 'error', at: 'Receptor', field: 'RegimenFiscalReceptor', source: 'matrix',
    check: ({ Rfc, RegimenFiscalReceptor }, here) => isGeneric(Rfc) ? undefined : regimeOfOther(Rfc, RegimenFiscalReceptor, here), ...regimeSentence
  }),
  rule({
    code: 'CFDI40159', level: 'error', at: 'Receptor', field: 'RegimenFiscalReceptor', source: 'matrix',
    // A dead employee's payroll has the generic RFC and the regime 605 (NOM11).
    check: ({ Rfc, RegimenFiscalReceptor }, { type }) => isGeneric(Rfc) && RegimenFiscalReceptor !== undefined && RegimenFiscalReceptor !== '616' && type !== 'N' ? { rfc: Rfc! } : undefined,
    es: 'Con el RFC genérico {rfc} el régimen debe ser "616" (sin obligaciones fiscales).',
    en: 'With the generic RFC {rfc} the regime must be "616" (sin obligaciones fiscales).'
  }),
  rule({
    code: 'CFDI40161', level: 'error', at: 'Receptor', field: 'UsoCFDI', source: 'matrix',
    check: ({ Rfc, RegimenFiscalReceptor: regime, UsoCFDI: use }, { catalogues, on }) => {
      const person = personOf(Rfc)
      const entry = use === undefined ? undefined : catalogues.lookup('c_UsoCFDI', use, on)
      if (entry === undefined || person === undefined || regime === undefined || catalogues.lookup('c_RegimenFiscal', regime, on) === undefined) return undefined
      return entry[person] && entry.regimes.includes(regime) ? undefined : { use: entry.code, text: entry.text.replace(/\.$/, ''), regime, person: persons[person] }
    },
    es: 'El uso {use} ({text}) no es de una persona {person} del régimen {regime}: elija otro de c_UsoCFDI (S01 si no tiene efectos fiscales).',
    en: 'The use {use} ({text}) is not for a person {person} of the regime {regime}: choose another of c_UsoCFDI (S01 if it has no fiscal effect).'
  }),
  rule({
    code: 'CFDI40161', level: 'error', at: 'Receptor', field: 'UsoCFDI', source: 'guide',
    check: ({ UsoCFDI }, { type }) => type === 'P' && UsoCFDI !== undefined && UsoCFDI !== 'CP01',
    es: 'En un complemento de pago UsoCFDI debe ser "CP01".',
    en: 'In a payment complement UsoCFDI must be "CP01".'
  }),

  rule({
    code: 'CFDI40188', level: 'error', at: 'Conceptos[].ACuentaTerceros', field: 'RfcACuentaTerceros', source: 'matrix',
    check: ({ RfcACuentaTerceros: third }, { document: { Emisor, Receptor } }) => third !== undefined && [Emisor?.Rfc, Receptor?.Rfc].includes(third) ? { rfc: third } : undefined,
    es: 'El tercero por cuya cuenta se vende no puede ser el emisor ni el receptor ({rfc}).',
    en: 'The third party on whose account it is sold cannot be the issuer or the receiver ({rfc}).'
  }),
  rule({ code: 'CFDI40187', level: 'error', at: 'Conceptos[].ACuentaTerceros', field: 'RfcACuentaTerceros', source: 'practice', check: ({ RfcACuentaTerceros }) => impossibleDate(RfcACuentaTerceros), ...dateSentence }),
  rule({ code: 'CFDI40187', level: 'warning', at: 'Conceptos[].ACuentaTerceros', field: 'RfcACuentaTerceros', source: 'practice', check: ({ RfcACuentaTerceros }) => oddDigit(RfcACuentaTerceros), ...digitSentence }),
  rule({ code: 'CFDI40190', level: 'warning', at: 'Conceptos[].ACuentaTerceros', field: 'NombreACuentaTerceros', source: 'guide', check: ({ NombreACuentaTerceros }) => suffixOf(NombreACuentaTerceros), ...suffixSentence })
]

const patterns = new Map<string, RegExp>()

/** A pattern of a catalogue, over the whole value. */
export function whole (pattern: string): RegExp {
  let made = patterns.get(pattern)
  if (made === undefined) patterns.set(pattern, made = new RegExp(`^(?:${pattern})$`))
  return made
}
