import { FiscalError } from '../../errors.ts'
import { elements, firstElement, textOf, type XmlElement } from '../../xml/element.ts'
import { parseXml } from '../../xml/parse.ts'
import { type Alta, type Detail, eventNamespace, type Previous, type PriorRefusal, recordNamespace, type RecordContent, type RecordName } from './model.ts'

/** A record as it was written: what it says, and how it is chained. */
export interface ReadRecord {
  content: RecordContent
  previous: Previous
  at: string
  huella: string
  /** NumeroInstalacion, with the two letters of the program before it. */
  installation: string
}

const childOf = (namespace: string) => (of: XmlElement | undefined, ...path: string[]): XmlElement | undefined =>
  path.reduce<XmlElement | undefined>((found, name) => found === undefined ? undefined : firstElement(found, namespace, name), of)
const child = childOf(recordNamespace)
/** Undefined for what is not there. */
const at = (of: XmlElement | undefined, ...path: string[]): string | undefined => {
  const found = child(of, ...path)
  return found === undefined ? undefined : textOf(found).trim()
}
const all = (of: XmlElement | undefined, ...path: string[]): XmlElement[] => {
  const parent = child(of, ...path.slice(0, -1))
  return parent === undefined ? [] : elements(parent, recordNamespace, path.at(-1)!)
}

/** `RegistroAlta` or `RegistroAnulacion`. */
export const isRecord = ({ name, namespace }: Pick<XmlElement, 'name' | 'namespace'>): boolean => namespace === recordNamespace && (name === 'RegistroAlta' || name === 'RegistroAnulacion')
export const isEvent = ({ name, namespace }: Pick<XmlElement, 'name' | 'namespace'>): boolean => namespace === eventNamespace && name === 'RegistroEvento'

/** Throws XmlError, and FiscalError `structure` for what is no record. What only a third party or an agreement would say is not read. */
export function readRecord (bytes: Uint8Array): ReadRecord {
  const { root } = parseXml(bytes)
  if (!isRecord(root)) throw new FiscalError('structure', { es: `${root.qname} no es un registro de facturación.`, en: `${root.qname} is no record of an invoice.` })
  const before = child(root, 'Encadenamiento', 'RegistroAnterior')
  return {
    content: root.name === 'RegistroAlta' ? altaOf(root) : anulacionOf(root),
    previous: before === undefined ? null : { ...nameOf(before), huella: at(before, 'Huella') ?? '' },
    at: at(root, 'FechaHoraHusoGenRegistro') ?? '',
    huella: at(root, 'Huella') ?? '',
    installation: `${at(root, 'SistemaInformatico', 'IdSistemaInformatico') ?? ''} ${at(root, 'SistemaInformatico', 'NumeroInstalacion') ?? ''}`
  }
}

const nameOf = (of: XmlElement | undefined, suffix = ''): RecordName => ({ nif: at(of, `IDEmisorFactura${suffix}`) ?? '', number: at(of, `NumSerieFactura${suffix}`) ?? '', date: at(of, `FechaExpedicionFactura${suffix}`) ?? '' })

function altaOf (root: XmlElement): Alta {
  const text = (...path: string[]): string | undefined => at(root, ...path)
  const rectified = child(root, 'ImporteRectificacion')
  return defined<Alta>({
    kind: 'alta',
    name: nameOf(child(root, 'IDFactura')),
    reference: text('RefExterna'),
    issuerName: text('NombreRazonEmisor') ?? '',
    correction: text('Subsanacion') === 'S' ? (text('RechazoPrevio') ?? 'N') as PriorRefusal : undefined,
    type: text('TipoFactura') ?? '',
    corrective: text('TipoRectificativa') as Alta['corrective'],
    rectified: listed(all(root, 'FacturasRectificadas', 'IDFacturaRectificada')),
    substituted: listed(all(root, 'FacturasSustituidas', 'IDFacturaSustituida')),
    rectifiedAmounts: rectified && defined<NonNullable<Alta['rectifiedAmounts']>>({ base: at(rectified, 'BaseRectificada') ?? '', tax: at(rectified, 'CuotaRectificada') ?? '', surcharge: at(rectified, 'CuotaRecargoRectificado') }),
    operationDate: text('FechaOperacion'),
    description: text('DescripcionOperacion') ?? '',
    qualified: text('FacturaSimplificadaArt7273') === 'S' || undefined,
    withoutRecipient: text('FacturaSinIdentifDestinatarioArt61d') === 'S' || undefined,
    recipients: all(root, 'Destinatarios', 'IDDestinatario').map(one => defined({ name: at(one, 'NombreRazon') ?? '', nif: at(one, 'NIF'), other: otherOf(child(one, 'IDOtro')) })),
    details: all(root, 'Desglose', 'DetalleDesglose').map(detailOf),
    tax: text('CuotaTotal') ?? '',
    total: text('ImporteTotal') ?? ''
  })
}

const listed = (names: XmlElement[]): RecordName[] | undefined => names.length === 0 ? undefined : names.map(one => nameOf(one))
const otherOf = (of: XmlElement | undefined) => of && defined<{ country?: string, type: string, id: string }>({ country: at(of, 'CodigoPais'), type: at(of, 'IDType') ?? '', id: at(of, 'ID') ?? '' })

function detailOf (of: XmlElement): Detail {
  const rate = at(of, 'TipoRecargoEquivalencia')
  return defined<Detail>({
    tax: at(of, 'Impuesto') ?? '01', regime: at(of, 'ClaveRegimen'), qualification: at(of, 'CalificacionOperacion'), exemption: at(of, 'OperacionExenta'), rate: at(of, 'TipoImpositivo'),
    base: at(of, 'BaseImponibleOimporteNoSujeto') ?? '', amount: at(of, 'CuotaRepercutida'), surcharge: rate === undefined ? undefined : { rate, amount: at(of, 'CuotaRecargoEquivalencia') ?? '' }
  })
}

function anulacionOf (root: XmlElement): RecordContent {
  return defined<RecordContent & { kind: 'anulacion' }>({
    kind: 'anulacion', name: nameOf(child(root, 'IDFactura'), 'Anulada'), reference: at(root, 'RefExterna'), withoutPrior: at(root, 'SinRegistroPrevio') === 'S' || undefined, refusedBefore: at(root, 'RechazoPrevio') === 'S' || undefined
  })
}

/** Without what is undefined. */
function defined<T extends object> (fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}

/** An event as it was written. Throws as `readRecord` does. */
export function readEvent (bytes: Uint8Array): { system: { producer: string, id: string, version: string, installation: string }, taxpayer: string, type: string, previous: { huella: string } | null, at: string, huella: string } {
  const { root } = parseXml(bytes)
  if (!isEvent(root)) throw new FiscalError('structure', { es: `${root.qname} no es un registro de evento.`, en: `${root.qname} is no record of an event.` })
  const of = childOf(eventNamespace)
  const text = (...path: string[]): string => {
    const found = of(root, 'Evento', ...path)
    return found === undefined ? '' : textOf(found).trim()
  }
  const before = of(root, 'Evento', 'Encadenamiento', 'EventoAnterior')
  return {
    system: { producer: text('SistemaInformatico', 'NIF'), id: text('SistemaInformatico', 'IdSistemaInformatico'), version: text('SistemaInformatico', 'Version'), installation: text('SistemaInformatico', 'NumeroInstalacion') },
    taxpayer: text('ObligadoEmision', 'NIF'), type: text('TipoEvento'), previous: before === undefined ? null : { huella: text('Encadenamiento', 'EventoAnterior', 'HuellaEvento') },
    at: text('FechaHoraHusoGenEvento'), huella: text('HuellaEvento')
  }
}
