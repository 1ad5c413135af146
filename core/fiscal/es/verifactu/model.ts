/**
 * Registros de facturación as the AEAT defines them (SuministroInformacion.xsd, tikeV1.0; Orden HAC/1177/2024, BOE 2024-10-28): what is
 * said, apart from how it is chained. Amounts are euros, decimals with a point; days are dd-mm-aaaa, as they stand in a record.
 */
export const recordNamespace = 'https://www2.agenciatributaria.gob.es/static_files/common/internet/dep/aplicaciones/es/aeat/tike/cont/ws/SuministroInformacion.xsd'
export const eventNamespace = 'https://www2.agenciatributaria.gob.es/static_files/common/internet/dep/aplicaciones/es/aeat/tike/cont/ws/EventosSIF.xsd'

/** What an invoice is known by at the AEAT: who issued it, series and number in one, and the day of issue. */
export interface RecordName {
  nif: string
  number: string
  date: string
}

/** SistemaInformatico: the program, who answers for it, and the installation whose chain this is. */
export interface BillingSystem {
  producer: { name: string, nif: string }
  /** At most 30 characters. */
  name: string
  /** Two characters. */
  id: string
  version: string
  installation: string
  /** It can only submit (VERI*FACTU), and nothing else. */
  onlyVerifactu: boolean
  /** It can serve, and serves now, several taxpayers. */
  multiple: boolean
}

/** Where no NIF is known: IDOtro. */
export interface OtherId {
  country?: string
  /** 02 NIF-IVA, 03 passport, 04 of the country of residence, 05 certificate of residence, 06 another proof, 07 not in the census. */
  type: string
  id: string
}

export interface Recipient {
  name: string
  nif?: string
  other?: OtherId
}

export interface Detail {
  /** 01 IVA, 02 IPSI, 03 IGIC, 05 others. */
  tax: string
  /** ClaveRegimen. */
  regime?: string
  /** S1, S2 (reverse charge), N1, N2; absent where it is exempt. */
  qualification?: string
  /** E1 … E8. */
  exemption?: string
  /** Per cent. */
  rate?: string
  base: string
  amount?: string
  surcharge?: { rate: string, amount: string }
}

/** Why a record comes again: `N`: the AEAT has the one before; `S`: it refused the last correction; `X`: it never took any of this invoice. */
export type PriorRefusal = 'N' | 'S' | 'X'

export interface Alta {
  kind: 'alta'
  name: RecordName
  /** Of the hub: RefExterna. */
  reference?: string
  issuerName: string
  /** Subsanación: the record of the same invoice, put right. */
  correction?: PriorRefusal
  type: string
  corrective?: 'S' | 'I'
  rectified?: RecordName[]
  substituted?: RecordName[]
  /** Of a rectificativa that takes the place of the invoice (S). */
  rectifiedAmounts?: { base: string, tax: string, surcharge?: string }
  operationDate?: string
  description: string
  /** Simplified, with its buyer identified (arts. 7.2, 7.3). */
  qualified?: boolean
  /** Without its buyer (art. 6.1.d). */
  withoutRecipient?: boolean
  recipients: Recipient[]
  details: Detail[]
  /** CuotaTotal: taxes and surcharges. */
  tax: string
  /** ImporteTotal: bases, taxes and surcharges; what is withheld is not taken off. */
  total: string
}

export interface Anulacion {
  kind: 'anulacion'
  name: RecordName
  reference?: string
  /** The AEAT has no record of the invoice. */
  withoutPrior?: boolean
  /** It refused an annulment of it before. */
  refusedBefore?: boolean
}

export type RecordContent = Alta | Anulacion

/** The record before in the chain; null for the first one. */
export type Previous = RecordName & { huella: string } | null

export interface Link {
  previous: Previous
  system: BillingSystem
  /** FechaHoraHusoGenRegistro: 2027-01-01T10:00:00+01:00. */
  at: string
}

/** At most so many records go in one sending (Orden HAC/1177/2024, art. 16; SuministroLR.xsd). */
export const recordsPerSending = 1000
