import type { LocalText } from '../adapter/context.ts'

/** A document that cannot be made, sealed or read as asked, for a reason that a person can act on. Nothing was made. */
export class FiscalError extends Error {
  override readonly name = 'FiscalError'
  readonly reason: FiscalReason
  readonly text: LocalText
  /** In the words of the model: `Conceptos[0].Cantidad` of a document, `lines[0].taxes[1].type` of what was asked for. */
  readonly path: string | undefined

  constructor (reason: FiscalReason, text: LocalText, path?: string) {
    super(text.en)
    this.reason = reason
    this.text = text
    this.path = path
  }
}

export type FiscalReason =
  | 'not_a_cfdi' | 'version_not_supported' | 'kind_not_built' | 'structure'
  | 'complement_unknown' | 'value_invalid' | 'already_stamped' | 'tax_not_supported'
  | 'already_signed' | 'not_signable' | 'signature_refused' | 'certificate_not_rsa'
  | 'certificate_unreadable' | 'certificate_not_csd' | 'certificate_not_valid_then' | 'certificate_of_another' | 'key_of_another'
