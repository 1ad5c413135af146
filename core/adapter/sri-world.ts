/**
 * The SRI behind its web services, as their simulator sees it: what is taken, what is refused, what is authorised and when.
 * The simulator speaks the wire; the rules and the register come from whoever starts it (`core/demo/sri-world.ts`), so that tests
 * and the demo share one authority.
 */
export interface SriWorld {
  /** validarComprobante. `environment`: of the host that was asked, 1 pruebas, 2 producción. */
  receive: (environment: '1' | '2', xml: Uint8Array) => Promise<SriReception>
  /** autorizacionComprobante: what there is of it now, oldest first; empty when the SRI does not hold it (yet). */
  authorizations: (environment: '1' | '2', clave: string) => SriAuthorization[]
  /** consultarEstadoAutorizacionComprobante: undefined when it does not hold it. */
  standing: (environment: '1' | '2', clave: string) => 'AUTORIZADO' | 'NO AUTORIZADO' | 'PENDIENTE DE ANULAR' | 'ANULADO' | undefined
  /** In SRI en línea, which no program reaches. */
  annul: (clave: string, how?: 'asked' | 'accepted') => void
  /** How long a comprobante is in process from now on, ms. */
  takes: (ms: number) => void
  /** Whether the authorities of the certificates are accredited: when not, 39. */
  accredits: (on: boolean) => void
  /** What was taken in from now on is lost in the SRI: nobody ever decides it. */
  loses: (on: boolean) => void
  /** Every authorised comprobante, in order: what a test counts. */
  ledger: () => readonly SriAuthorized[]
}

export interface SriMessage {
  identificador: string
  mensaje: string
  informacionAdicional?: string
  tipo: 'ERROR' | 'ADVERTENCIA' | 'INFORMATIVO'
}

export interface SriReception {
  estado: 'RECIBIDA' | 'DEVUELTA'
  /** What the file calls itself; absent where it cannot be read. */
  clave?: string
  mensajes: SriMessage[]
}

export interface SriAuthorization {
  estado: 'AUTORIZADO' | 'NO AUTORIZADO' | 'EN PROCESO'
  numeroAutorizacion?: string
  fechaAutorizacion?: Date
  ambiente: 'PRUEBAS' | 'PRODUCCIÓN'
  /** As it was received. */
  comprobante?: string
  mensajes: SriMessage[]
}

export interface SriAuthorized {
  clave: string
  ruc: string
  /** `001-001` */
  series: string
  sequential: string
  total: string
  at: Date
}
