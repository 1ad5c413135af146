import { element, joined, nothing, textElement, type WrittenXml, writtenXml, type Xml } from '../../xml/written.ts'
import { type Alta, type Anulacion, type BillingSystem, type Link, type OtherId, recordNamespace, type RecordContent, type RecordName } from './model.ts'
import { huellaOf } from './huella.ts'

const leaf = (name: string, value: string | undefined): Xml => value === undefined || value === '' ? nothing : textElement(`sf:${name}`, value)
const el = (name: string, ...children: readonly Xml[]): Xml => {
  const content = joined(children)
  return content === '' ? nothing : element(`sf:${name}`, content)
}
const yes = (value: boolean | undefined, name: string): Xml => value === true ? leaf(name, 'S') : nothing

export interface WrittenRecord extends WrittenXml { huella: string }

/** A record, unsigned, its elements in the order of the schema, chained to the one before. What the AEAT would refuse `recordFindings` says before. */
export function writeRecord (content: RecordContent, link: Link): WrittenRecord {
  const huella = huellaOf(content, link)
  const end = [
    el('Encadenamiento', link.previous === null ? leaf('PrimerRegistro', 'S') : el('RegistroAnterior', ...nameOf(link.previous), leaf('Huella', link.previous.huella))),
    el('SistemaInformatico', ...systemOf(link.system, leaf)), leaf('FechaHoraHusoGenRegistro', link.at), leaf('TipoHuella', '01'), leaf('Huella', huella)
  ]
  const [root, begin] = content.kind === 'alta' ? ['RegistroAlta', altaOf(content)] as const : ['RegistroAnulacion', anulacionOf(content)] as const
  return { ...writtenXml(root, joined([leaf('IDVersion', '1.0'), ...begin, ...end]), { namespace: ['sf', recordNamespace] }), huella }
}

/** SistemaInformatico, which records and events write alike, each in its own namespace. */
export const systemOf = (system: BillingSystem, leaf: (name: string, value: string) => Xml): Xml[] => [
  leaf('NombreRazon', system.producer.name), leaf('NIF', system.producer.nif), leaf('NombreSistemaInformatico', system.name), leaf('IdSistemaInformatico', system.id), leaf('Version', system.version),
  leaf('NumeroInstalacion', system.installation), leaf('TipoUsoPosibleSoloVerifactu', flag(system.onlyVerifactu)), leaf('TipoUsoPosibleMultiOT', flag(system.multiple)), leaf('IndicadorMultiplesOT', flag(system.multiple))
]

const flag = (value: boolean): 'S' | 'N' => value ? 'S' : 'N'
const nameOf = ({ nif, number, date }: RecordName): Xml[] => [leaf('IDEmisorFactura', nif), leaf('NumSerieFactura', number), leaf('FechaExpedicionFactura', date)]
const otherOf = ({ country, type, id }: OtherId): Xml => el('IDOtro', leaf('CodigoPais', country), leaf('IDType', type), leaf('ID', id))

function altaOf (alta: Alta): Xml[] {
  const { rectifiedAmounts: rectified } = alta
  return [
    el('IDFactura', ...nameOf(alta.name)), leaf('RefExterna', alta.reference), leaf('NombreRazonEmisor', alta.issuerName),
    ...alta.correction === undefined ? [] : [leaf('Subsanacion', 'S'), leaf('RechazoPrevio', alta.correction)],
    leaf('TipoFactura', alta.type), leaf('TipoRectificativa', alta.corrective),
    el('FacturasRectificadas', ...(alta.rectified ?? []).map(one => el('IDFacturaRectificada', ...nameOf(one)))),
    el('FacturasSustituidas', ...(alta.substituted ?? []).map(one => el('IDFacturaSustituida', ...nameOf(one)))),
    rectified === undefined ? nothing : el('ImporteRectificacion', leaf('BaseRectificada', rectified.base), leaf('CuotaRectificada', rectified.tax), leaf('CuotaRecargoRectificado', rectified.surcharge)),
    leaf('FechaOperacion', alta.operationDate), leaf('DescripcionOperacion', alta.description),
    yes(alta.qualified, 'FacturaSimplificadaArt7273'), yes(alta.withoutRecipient, 'FacturaSinIdentifDestinatarioArt61d'), yes(Math.abs(Number(alta.total)) >= macroAmount, 'Macrodato'),
    el('Destinatarios', ...alta.recipients.map(({ name, nif, other }) => el('IDDestinatario', leaf('NombreRazon', name), leaf('NIF', nif), other === undefined ? nothing : otherOf(other)))),
    el('Desglose', ...alta.details.map(({ tax, regime, qualification, exemption, rate, base, amount, surcharge }) => el('DetalleDesglose',
      leaf('Impuesto', tax), leaf('ClaveRegimen', regime), leaf('CalificacionOperacion', qualification), leaf('OperacionExenta', exemption), leaf('TipoImpositivo', rate),
      leaf('BaseImponibleOimporteNoSujeto', base), leaf('CuotaRepercutida', amount), leaf('TipoRecargoEquivalencia', surcharge?.rate), leaf('CuotaRecargoEquivalencia', surcharge?.amount)))),
    leaf('CuotaTotal', alta.tax), leaf('ImporteTotal', alta.total)
  ]
}

/** From so many euros a record says so (codes 1138, 1139). */
const macroAmount = 100_000_000

function anulacionOf ({ name, reference, withoutPrior, refusedBefore }: Anulacion): Xml[] {
  return [
    el('IDFactura', leaf('IDEmisorFacturaAnulada', name.nif), leaf('NumSerieFacturaAnulada', name.number), leaf('FechaExpedicionFacturaAnulada', name.date)), leaf('RefExterna', reference),
    yes(withoutPrior, 'SinRegistroPrevio'), yes(refusedBefore, 'RechazoPrevio')
  ]
}
