import { createHash } from 'node:crypto'
import type { BillingSystem, RecordContent } from './model.ts'

/**
 * The fingerprint that chains records: SHA-256 over names and values, upper-case hexadecimal (AEAT, "Detalle de las especificaciones
 * técnicas para generación de la huella o hash", v0.1.2, 2024-08-27). Values as they stand in the record, without blanks around them.
 */
export function huellaOf (content: RecordContent, { previous, at }: { previous: { huella: string } | null, at: string }): string {
  const { nif, number, date } = content.name
  const chained: [string, string][] = [['Huella', previous?.huella ?? ''], ['FechaHoraHusoGenRegistro', at]]
  return content.kind === 'alta'
    ? digest([['IDEmisorFactura', nif], ['NumSerieFactura', number], ['FechaExpedicionFactura', date], ['TipoFactura', content.type], ['CuotaTotal', content.tax], ['ImporteTotal', content.total], ...chained])
    : digest([['IDEmisorFacturaAnulada', nif], ['NumSerieFacturaAnulada', number], ['FechaExpedicionFacturaAnulada', date], ...chained])
}

/** Of an event; the NIF stands twice: the producer's and the taxpayer's. `ID` is of a producer without a NIF. */
export function eventHuellaOf ({ system, taxpayer, type, previous, at }: { system: Pick<BillingSystem, 'producer' | 'id' | 'version' | 'installation'>, taxpayer: string, type: string, previous: { huella: string } | null, at: string }): string {
  return digest([
    ['NIF', system.producer.nif], ['ID', ''], ['IdSistemaInformatico', system.id], ['Version', system.version], ['NumeroInstalacion', system.installation], ['NIF', taxpayer],
    ['TipoEvento', type], ['HuellaEvento', previous?.huella ?? ''], ['FechaHoraHusoGenEvento', at]
  ])
}

function digest (fields: readonly (readonly [name: string, value: string])[]): string {
  return createHash('sha256').update(fields.map(([name, value]) => `${name}=${value.trim()}`).join('&')).digest('hex').toUpperCase()
}
