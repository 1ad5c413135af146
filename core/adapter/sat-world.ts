import type { Invoice, InvoiceLine } from './invoicing.ts'

/**
 * The tax authority and its register, as the simulators of PACs see it. They speak the PACs' wire; what a stamp is, which
 * documents are refused and what becomes of a cancellation is the same for all of them, and comes from whoever starts them
 * (`core/demo/sat-world.ts`): so that what one PAC stamped is found in the register, whoever asks.
 */
export interface SatWorld {
  /** Stamps as the PAC of that name would. The same document twice at one PAC is refused with 307 and the stamp of before; two PACs know nothing of each other. */
  stamp: (pac: string, xml: Uint8Array) => SatStamp | SatRefusal
  /** What that PAC stamped before, by the document that it was given. */
  stamped: (pac: string, xml: Uint8Array) => SatStamp | undefined
  find: (uuid: string) => SatStamp | undefined
  /** A CSD as it is handed to a PAC that seals for its customers; or what is wrong with it. */
  openCsd: (files: CsdFiles) => { rfc: string, noCertificado: string, validTo: Date } | SatRefusal
  /**
   * What such a PAC does with a model: builds the document, seals it with the CSD, stamps it. The same model again is another
   * document with another stamp: nothing but the customer keeps a PAC from it. `fecha` is local time of the place of issue; now when absent.
   */
  issue: (pac: string, model: SatModel, csd: CsdFiles, fecha?: string) => Promise<SatStamp | SatRefusal>
  /** Of a signed `Cancelacion`: one answer for each folio in it. Throws nothing: what cannot be read is code 301 or 302 of no uuid. */
  cancel: (signed: Uint8Array) => SatCancelAnswer
  /** The same, by a PAC that signs with the certificate that it was given. */
  cancelFor: (request: { issuer: string, uuid: string, motive: string, substitute?: string }) => SatCancelAnswer
  /** ConsultaCFDIService: by expresión impresa. */
  status: (query: { re: string, rr: string, tt: string, id: string, fe?: string }) => SatStatus
  /** What the receiver answers to a cancellation that waits for it. */
  receiverAnswers: (uuid: string, answer: 'accept' | 'reject') => void
  /** Every stamp there is, in order: what a test counts. */
  ledger: () => readonly SatStamp[]
}

/** DER; the key as encrypted PKCS#8. */
export interface CsdFiles { certificate: Uint8Array, key: Uint8Array, passphrase: string }

/** A document that is to be made: its amounts are computed when it is built. */
export type SatModel = Omit<Invoice, 'totals' | 'lines' | 'issuedAt' | 'localTaxes'> & {
  lines: (Omit<InvoiceLine, 'taxes' | 'amount'> & { taxes: (Omit<InvoiceLine['taxes'][number], 'base' | 'amount'> & { base?: string })[] })[]
}

export interface SatStamp {
  pac: string
  uuid: string
  /** The document with its timbre. */
  xml: Uint8Array
  /** Local time of the PAC, `AAAA-MM-DDThh:mm:ss`. */
  fechaTimbrado: string
  selloCfd: string
  selloSat: string
  cadenaTfd: string
  noCertificadoSat: string
  noCertificadoCfdi: string
  rfcProvCertif: string
  issuer: string
  receiver: string
  series: string
  folio: string
  total: string
}

export interface SatRefusal {
  /** CFDI40xxx, CRP20xxx, 301, 302, 303, 305, 307, 401 … */
  code: string
  message: string
  /** Of 307. */
  previous?: SatStamp
}

export interface SatCancelAnswer {
  /** In capitals, as the register writes it. */
  folios: { uuid: string, code: string }[]
  /** Signed by the authority. */
  acuse: Uint8Array
}

export interface SatStatus {
  CodigoEstatus: string
  Estado: 'Vigente' | 'Cancelado' | 'No Encontrado'
  EsCancelable: '' | 'Cancelable sin aceptación' | 'Cancelable con aceptación' | 'No cancelable'
  EstatusCancelacion: '' | 'En proceso' | 'Plazo vencido' | 'Cancelado sin aceptación' | 'Cancelado con aceptación' | 'Solicitud rechazada'
  ValidacionEFOS: string
}

export const isStamp = (answer: SatStamp | SatRefusal): answer is SatStamp => 'uuid' in answer
