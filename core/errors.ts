import type { LocalText } from './adapter/context.ts'

/**
 * Every failure that a caller can see has one row here. The row is the contract: a `code` never changes meaning and is
 * never used again for another. `docs/errors.md` is generated from this table.
 */
export const errorCatalogue = {
  request_invalid: { status: 400, es: 'La petición no es válida; vea los campos en `errors`.', en: 'The request is not valid; see the fields in `errors`.' },
  json_invalid: { status: 400, es: 'El cuerpo no es JSON legible.', en: 'The body is not readable JSON.' },
  card_number_refused: { status: 400, es: 'El cuerpo contiene un número de tarjeta. Envíe solo el token del proveedor.', en: 'The body contains a card number. Send only the provider’s token.' },
  url_not_https: { status: 400, es: 'En modo real solo se aceptan URL https.', en: 'In live mode only https URLs are accepted.' },
  idempotency_key_invalid: { status: 400, es: 'Idempotency-Key debe tener de 1 a 255 caracteres ASCII visibles.', en: 'Idempotency-Key must be 1 to 255 visible ASCII characters.' },
  unauthenticated: { status: 401, es: 'Falta una credencial válida: una clave de API o una sesión.', en: 'A valid credential is missing: an API key or a session.' },
  login_failed: { status: 401, es: 'El correo o la contraseña no son correctos.', en: 'The e-mail or the password is not right.' },
  webhook_unverified: { status: 401, es: 'El aviso no se pudo verificar.', en: 'The webhook could not be verified.' },
  csrf_failed: { status: 403, es: 'Falta la cabecera X-CSRF-Token de esta sesión.', en: 'The X-CSRF-Token header of this session is missing.' },
  forbidden: { status: 403, es: 'Esta credencial no tiene permiso para esto.', en: 'This credential is not allowed to do this.' },
  support_access_required: { status: 403, es: 'Soporte entra en los datos de una organización solo con un acceso vigente: pídalo con su motivo en POST /v1/support_access.', en: 'Support enters the data of a tenant only with an access that is in force: ask for it, with its reason, at POST /v1/support_access.' },
  tenant_required: { status: 400, es: 'Indique la organización con la cabecera Pasarela-Tenant.', en: 'Name the tenant with the Pasarela-Tenant header.' },
  not_found: { status: 404, es: 'No existe.', en: 'There is no such thing here.' },
  method_not_allowed: { status: 405, es: 'Esa ruta no admite este método.', en: 'That path does not take this method.' },
  conflict: { status: 409, es: 'El estado actual no lo permite.', en: 'Its present state does not allow this.' },
  invalid_state: { status: 409, es: 'El estado actual no permite esta operación.', en: 'Its present state does not allow this operation.' },
  operation_in_progress: { status: 409, es: 'Otra operación sobre el mismo objeto aún no termina.', en: 'Another operation on the same object has not ended yet.' },
  outcome_unknown: { status: 409, es: 'El resultado de la operación anterior aún no se conoce; se está preguntando al proveedor.', en: 'The outcome of the operation before is not known yet; the provider is being asked.' },
  evidence_too_late: { status: 409, es: 'El plazo para enviar pruebas ya terminó.', en: 'The deadline for evidence is over.' },
  under_review: { status: 409, es: 'Una persona debe resolver antes la revisión.', en: 'A person must resolve the review first.' },
  idempotency_in_progress: { status: 409, es: 'La primera petición con esta Idempotency-Key aún no termina.', en: 'The first request with this Idempotency-Key has not ended yet.' },
  already_exists: { status: 409, es: 'Ya existe.', en: 'It exists already.' },
  invoice_being_paid: { status: 409, es: 'Alguien está pagando esta factura en este momento.', en: 'Somebody is paying this invoice at this moment.' },
  sale_invoiced: { status: 409, es: 'La venta ya tiene su comprobante.', en: 'The sale has its document already.' },
  payload_too_large: { status: 413, es: 'El cuerpo es demasiado grande.', en: 'The body is too large.' },
  unsupported_media_type: { status: 415, es: 'Envíe application/json.', en: 'Send application/json.' },
  idempotency_mismatch: { status: 422, es: 'Esta Idempotency-Key ya se usó con otro cuerpo.', en: 'This Idempotency-Key was used with another body.' },
  capability_not_supported: { status: 422, es: 'El proveedor de esta conexión no ofrece esta operación.', en: 'The provider of this connection does not offer this operation.' },
  provider_unknown: { status: 422, es: 'No existe un adaptador con ese identificador.', en: 'There is no adapter with that id.' },
  credentials_invalid: { status: 422, es: 'Las credenciales no tienen la forma que pide el proveedor.', en: 'The credentials do not have the shape that the provider asks for.' },
  mode_contradicts_credentials: { status: 422, es: 'Las credenciales son del otro modo (prueba o real).', en: 'The credentials belong to the other mode (test or live).' },
  connection_not_usable: { status: 422, es: 'No hay una conexión habilitada que pueda hacerlo.', en: 'There is no enabled connection that can do this.' },
  invoice_invalid: { status: 400, es: 'La factura rompe reglas de la autoridad; vea los códigos en `errors`. No se creó nada.', en: 'The invoice breaks rules of the authority; see the codes in `errors`. Nothing was created.' },
  certificate_refused: { status: 422, es: 'El certificado no se puede usar; vea por qué en `report`. No se guardó nada.', en: 'The certificate cannot be used; `report` says why. Nothing was kept.' },
  certificate_not_usable: { status: 422, es: 'El certificado ya no se puede usar: venció o se eliminó.', en: 'The certificate can no longer be used: it expired or was deleted.' },
  consent_missing: { status: 422, es: 'Falta su consentimiento para entregar la llave privada a esa conexión.', en: 'Your consent to hand the private key to that connection is missing.' },
  invoiced_elsewhere: { status: 422, es: 'Su proveedor de facturas ya factura por sí mismo los cobros de ese proveedor de pagos: otra factura del mismo cobro sería doble.', en: 'Your invoicing provider invoices the charges of that payment provider by itself: another invoice of the same charge would be double.' },
  mail_not_configured: { status: 422, es: 'Este servidor no tiene correo: su operador debe indicar SMTP_URL y MAIL_FROM.', en: 'This server has no mail: its operator must set SMTP_URL and MAIL_FROM.' },
  series_missing: { status: 422, es: 'El emisor no tiene una serie activa para este documento. Cree una o active la que tiene.', en: 'The issuer has no active series for this document. Make one, or activate the one there is.' },
  amount_invalid: { status: 422, es: 'El proveedor no acepta este importe en esta moneda.', en: 'The provider does not accept this amount in this currency.' },
  currency_not_supported: { status: 422, es: 'El proveedor no acepta esta moneda.', en: 'The provider does not accept this currency.' },
  method_not_supported: { status: 422, es: 'El proveedor no ofrece este método de pago.', en: 'The provider does not offer this payment method.' },
  provider_refused: { status: 422, es: 'El proveedor rechazó la operación; vea `provider`.', en: 'The provider refused the operation; see `provider`.' },
  rate_limited: { status: 429, es: 'Demasiadas peticiones. Espere lo que indica Retry-After.', en: 'Too many requests. Wait as Retry-After says.' },
  internal: { status: 500, es: 'Algo falló de nuestro lado.', en: 'Something went wrong on our side.' },
  provider_unavailable: { status: 502, es: 'No se pudo llegar al proveedor; no pasó nada.', en: 'The provider could not be reached; nothing happened.' },
  provider_outcome_unknown: { status: 504, es: 'El proveedor no contestó; no se sabe si actuó.', en: 'The provider did not answer; it may have acted.' },
  unavailable: { status: 503, es: 'El servicio se está deteniendo o aún no está listo.', en: 'The service is stopping or not ready yet.' }
} as const satisfies Record<string, { status: number } & LocalText>

export type ErrorCode = keyof typeof errorCatalogue

export interface FieldError {
  /** The authority's own code of the rule, where there is one. */
  code?: string
  /** JSON pointer or dotted path of the field, as the caller wrote it. */
  path: string
  /** In the caller's language where it is said in both. */
  message: string | LocalText
}

export interface HubErrorOptions {
  /** More exact than the catalogue's sentence, safe to show. Never provider payloads, never other tenants' facts. */
  detail?: LocalText
  errors?: FieldError[]
  provider?: { id: string, code?: string | undefined, message?: string | undefined }
  retryAfterMs?: number
  /** Of a certificate that was refused: the pre-flight report, in the caller's language. */
  report?: object
  /** For logs only. */
  internal?: Record<string, unknown>
  cause?: unknown
}

export class HubError extends Error {
  override readonly name = 'HubError'
  readonly code: ErrorCode
  readonly detail: LocalText
  readonly errors: FieldError[] | undefined
  readonly provider: HubErrorOptions['provider']
  readonly retryAfterMs: number | undefined
  readonly report: object | undefined
  readonly internal: Record<string, unknown>

  constructor (code: ErrorCode, options: HubErrorOptions = {}) {
    const row = errorCatalogue[code]
    super(`${code}: ${options.detail?.en ?? row.en}`, { cause: options.cause })
    this.code = code
    this.detail = options.detail ?? { es: row.es, en: row.en }
    this.errors = options.errors
    this.provider = options.provider
    this.retryAfterMs = options.retryAfterMs
    this.report = options.report
    this.internal = options.internal ?? {}
  }

  get status (): number {
    return errorCatalogue[this.code].status
  }
}

/** A 400 that names one field. */
export function invalidField (path: string, message: string, code: ErrorCode = 'request_invalid'): HubError {
  return new HubError(code, { errors: [{ path, message }] })
}

/** An instant that a caller wrote: `format: date-time` also lets pass a leap second, which Date does not read. Throws a 400 that names the field. */
export function momentOf (path: string, text: string): Date {
  const moment = new Date(text)
  if (Number.isNaN(moment.getTime())) throw invalidField(path, 'is not a moment')
  return moment
}

/** `docs/errors.md`, from the table. */
export function errorsMarkdown (): string {
  const rows = Object.entries(errorCatalogue).map(([code, row]) => `| <a id="${code}"></a>\`${code}\` | ${row.status} | ${row.en} | ${row.es} |`)
  return ['# Errors', '', 'Generated from `core/errors.ts` by `npm run generate`. Every error is `application/problem+json` (RFC 9457) with one of these in `code`.', '',
    '| code | status | what it says (en) | (es) |', '|---|---|---|---|', ...rows, ''].join('\n')
}
