import { element, joined, nothing, textElement, writtenXml, type Xml } from '../../xml/written.ts'
import { eventHuellaOf } from './huella.ts'
import { type BillingSystem, eventNamespace, type RecordName } from './model.ts'
import { systemOf, type WrittenRecord } from './write.ts'

/** TipoEvento (EventosSIF.xsd). Systems that only submit need none (Orden HAC/1177/2024, art. 9). */
export const eventTypes = {
  started: '01', ended: '02', records_checked: '03', record_anomaly: '04', events_checked: '05', event_anomaly: '06', restored: '07', records_exported: '08', events_exported: '09', summary: '10', other: '90'
} as const
export type EventType = keyof typeof eventTypes

type Named = RecordName & { huella: string }

/** What each kind of event tells beside its moment (DatosPropiosEvento). */
export type EventData =
  | { type: 'records_checked' | 'events_checked', count: number }
  | { type: 'record_anomaly', anomaly: string, note: string, about?: RecordName }
  | { type: 'event_anomaly', anomaly: string, note: string, about?: { type: string, at: string, huella: string } }
  | { type: 'records_exported', from: string, to: string, first: Named, last: Named, altas: number, tax: string, total: string, anulaciones: number }
  | { type: 'events_exported', from: string, to: string, first: { type: string, at: string, huella: string }, last: { type: string, at: string, huella: string }, count: number }
  | { type: 'summary', events: readonly { type: string, count: number }[], first?: Named, last?: Named, altas: number, tax: string, total: string, anulaciones: number }
  | { type: 'started' | 'ended' | 'restored' | 'other' }

export interface EventInput {
  system: BillingSystem
  taxpayer: { name: string, nif: string }
  at: string
  data: EventData
  /** At most 100 characters. */
  note?: string
  previous: { type: string, at: string, huella: string } | null
}

const leaf = (name: string, value: string | undefined): Xml => value === undefined || value === '' ? nothing : textElement(`sf:${name}`, value)
const el = (name: string, ...children: readonly Xml[]): Xml => {
  const content = joined(children)
  return content === '' ? nothing : element(`sf:${name}`, content)
}

/** A registro de evento, unsigned: its signature goes in at the end of `Evento`, where the schema wants it. */
export function writeEvent ({ system, taxpayer, at, data, note, previous }: EventInput): WrittenRecord {
  const type = eventTypes[data.type]
  const huella = eventHuellaOf({ system, taxpayer: taxpayer.nif, type, previous, at })
  const text = writtenXml('RegistroEvento', joined([
    leaf('IDVersion', '1.0'),
    el('Evento',
      el('SistemaInformatico', ...systemOf(system, leaf)), el('ObligadoEmision', leaf('NombreRazon', taxpayer.name), leaf('NIF', taxpayer.nif)), leaf('FechaHoraHusoGenEvento', at), leaf('TipoEvento', type),
      el('DatosPropiosEvento', own(data)), leaf('OtrosDatosEvento', note && [...note].slice(0, 100).join('')),
      el('Encadenamiento', previous === null ? leaf('PrimerEvento', 'S') : el('EventoAnterior', leaf('TipoEvento', previous.type), leaf('FechaHoraHusoGenEvento', previous.at), leaf('HuellaEvento', previous.huella))),
      leaf('TipoHuella', '01'), leaf('HuellaEvento', huella))
  ]), { namespace: ['sf', eventNamespace] })
  return { ...text, huella }
}

function own (data: EventData): Xml {
  switch (data.type) {
    case 'records_checked': return el('LanzamientoProcesoDeteccionAnomaliasRegFacturacion', ...checked('RegFacturacion', 'RegistrosFacturacion', data.count))
    case 'events_checked': return el('LanzamientoProcesoDeteccionAnomaliasRegEvento', ...checked('RegEvento', 'RegistrosEvento', data.count))
    case 'record_anomaly': return el('DeteccionAnomaliasRegFacturacion', leaf('TipoAnomalia', data.anomaly), leaf('OtrosDatosAnomalia', data.note.slice(0, 100)), data.about === undefined ? nothing : el('RegistroFacturacionAnomalo', ...nameOf(data.about)))
    case 'event_anomaly': return el('DeteccionAnomaliasRegEvento', leaf('TipoAnomalia', data.anomaly), leaf('OtrosDatosAnomalia', data.note.slice(0, 100)), data.about === undefined ? nothing : eventName('RegEventoAnomalo', data.about))
    case 'records_exported': return el('ExportacionRegFacturacionPeriodo', leaf('FechaHoraHusoInicioPeriodoExport', data.from), leaf('FechaHoraHusoFinPeriodoExport', data.to), named('RegistroFacturacionInicialPeriodo', data.first), named('RegistroFacturacionFinalPeriodo', data.last),
      leaf('NumeroDeRegistrosFacturacionAltaExportados', String(data.altas)), leaf('SumaCuotaTotalAlta', data.tax), leaf('SumaImporteTotalAlta', data.total), leaf('NumeroDeRegistrosFacturacionAnulacionExportados', String(data.anulaciones)), leaf('RegistrosFacturacionExportadosDejanDeConservarse', 'N'))
    case 'events_exported': return el('ExportacionRegEventoPeriodo', leaf('FechaHoraHusoInicioPeriodoExport', data.from), leaf('FechaHoraHusoFinPeriodoExport', data.to), eventName('RegistroEventoInicialPeriodo', data.first), eventName('RegistroEventoFinalPeriodo', data.last),
      leaf('NumeroDeRegEventoExportados', String(data.count)), leaf('RegEventoExportadosDejanDeConservarse', 'N'))
    case 'summary': return el('ResumenEventos', ...data.events.map(({ type, count }) => el('TipoEvento', leaf('TipoEvento', type), leaf('NumeroDeEventos', String(count)))),
      data.first === undefined ? nothing : named('RegistroFacturacionInicialPeriodo', data.first), data.last === undefined ? nothing : named('RegistroFacturacionFinalPeriodo', data.last),
      leaf('NumeroDeRegistrosFacturacionAltaGenerados', String(data.altas)), leaf('SumaCuotaTotalAlta', data.tax), leaf('SumaImporteTotalAlta', data.total), leaf('NumeroDeRegistrosFacturacionAnulacionGenerados', String(data.anulaciones)))
    default: return nothing
  }
}

/** Four looks, which are always taken together. */
function checked (short: string, long: string, count: number): Xml[] {
  return [['IntegridadHuellas', `SobreIntegridadHuellas${short}`], ['IntegridadFirmas', `SobreIntegridadFirmas${short}`], ['TrazabilidadCadena', `SobreTrazabilidadCadena${short}`], ['TrazabilidadFechas', `SobreTrazabilidadFechas${short}`]]
    .flatMap(([what, done]) => [leaf(`RealizadoProceso${done}`, 'S'), leaf(`NumeroDe${long}ProcesadosSobre${what}`, String(count))])
}

const nameOf = ({ nif, number, date }: RecordName): Xml[] => [leaf('IDEmisorFactura', nif), leaf('NumSerieFactura', number), leaf('FechaExpedicionFactura', date)]
const named = (name: string, of: Named): Xml => el(name, ...nameOf(of), leaf('Huella', of.huella))
const eventName = (name: string, { type, at, huella }: { type: string, at: string, huella: string }): Xml => el(name, leaf('TipoEvento', type), leaf('FechaHoraHusoEvento', at), leaf('HuellaEvento', huella))
