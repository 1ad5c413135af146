import t from 'tap'
import { openCatalogues } from '../../catalogues/catalogues.ts'
import type { XmlElement } from '../../xml/element.ts'
import { writeXml } from '../../xml/write.ts'
import { buildCfdi } from '../build.ts'
import { testCsd } from '../fixtures/csd.ts'
import type { Comprobante, Concepto, DoctoRelacionado, Pago, PagosTotales } from '../model.ts'
import { sealCfdi } from '../seal.ts'
import { abroad, bareReceipt, creditNote, docto, everything, income, now, pago, plain, receipt, toEverybody, transfer, uuid } from './fixtures/valid.ts'
import { root, type Place } from './places.ts'
import type { AnyRule, Finding } from './rule.ts'
import { rules } from './rules.ts'
import { isValid, validateCfdi, type ValidateOptions } from './validate.ts'

/** A document that breaks one rule, and one as near to it as it gets that does not. `also` are codes that cannot but come along. */
interface Case {
  code: string
  level?: 'warning'
  broken: Comprobante
  near: Comprobante
  also?: string[]
  options?: Partial<ValidateOptions>
  /** What the near one may be told all the same. */
  nearAlso?: string[]
}

const changed = <T>(value: T, change: (value: T) => void): T => {
  const copy = structuredClone(value)
  change(copy)
  return copy
}
const line = (document: Comprobante, change: Partial<Concepto>): Comprobante => changed(document, ({ Conceptos }) => { Object.assign(Conceptos[0]!, change) })
const receiver = (document: Comprobante, change: Partial<Comprobante['Receptor']>): Comprobante => changed(document, ({ Receptor }) => { Object.assign(Receptor, change) })
const issuer = (document: Comprobante, change: Partial<Comprobante['Emisor']>): Comprobante => changed(document, ({ Emisor }) => { Object.assign(Emisor, change) })
const root40 = (document: Comprobante, change: Partial<Comprobante>): Comprobante => ({ ...structuredClone(document), ...change })
const without = (document: Comprobante, ...names: (keyof Comprobante)[]): Comprobante => changed(document, copy => { for (const name of names) delete copy[name] })
const paying = (change: Partial<Pago>, document = bareReceipt()): Comprobante => changed(document, ({ Complemento }) => { Object.assign(Complemento!.Pagos!.Pago[0]!, change) })
const paid = (change: Partial<DoctoRelacionado>, document = bareReceipt()): Comprobante => changed(document, ({ Complemento }) => { Object.assign(Complemento!.Pagos!.Pago[0]!.DoctoRelacionado[0]!, change) })
const totalled = (change: Partial<Record<keyof PagosTotales, string | undefined>>, document = receipt()): Comprobante => changed(document, ({ Complemento }) => { Object.assign(Complemento!.Pagos!.Totales, change) })

const foreignTrade: XmlElement = { kind: 'element', qname: 'cce20:ComercioExterior', name: 'ComercioExterior', namespace: 'http://www.sat.gob.mx/ComercioExterior20', attributes: [], namespaces: [], children: [] }
const trade = (document: Comprobante): Comprobante => root40(document, { Complemento: { ...document.Complemento, Otros: [foreignTrade] } })
const third = { RfcACuentaTerceros: 'JES900109Q90', NombreACuentaTerceros: 'JIMENEZ ESTRADA SALAS', RegimenFiscalACuentaTerceros: '601', DomicilioFiscalACuentaTerceros: '01030' }
const iva = { Base: '100.00', Impuesto: '002', TipoFactor: 'Tasa', TasaOCuota: '0.160000', Importe: '16.00' }
const isr = { Base: '100.00', Impuesto: '001', TipoFactor: 'Tasa', TasaOCuota: '0.100000', Importe: '10.00' }
const rates: ValidateOptions['rate'] = currency => currency === 'USD' ? '18.50' : undefined

/** 100 with IVA, ISR withheld: 106. */
const taxed = (): Comprobante => root40(line(plain(), { ObjetoImp: '02', Impuestos: { Traslados: [iva], Retenciones: [isr] } }), {
  Total: '106.00',
  Impuestos: { TotalImpuestosRetenidos: '10.00', TotalImpuestosTrasladados: '16.00', Retenciones: [{ Impuesto: '001', Importe: '10.00' }], Traslados: [iva] }
})
const transferTax = (change: object): Comprobante => changed(taxed(), ({ Conceptos }) => { Object.assign(Conceptos[0]!.Impuestos!.Traslados![0]!, change) })
const withheldTax = (change: object): Comprobante => changed(taxed(), ({ Conceptos }) => { Object.assign(Conceptos[0]!.Impuestos!.Retenciones![0]!, change) })
const summed = (change: object, which: 'Traslados' | 'Retenciones' | undefined = undefined): Comprobante => changed(taxed(), ({ Impuestos }) => { Object.assign(which === undefined ? Impuestos! : Impuestos![which]![0]!, change) })
const exempt = { Base: '100.00', Impuesto: '002', TipoFactor: 'Exento' }
const exempted = (): Comprobante => root40(line(plain(), { ObjetoImp: '02', Impuestos: { Traslados: [exempt] } }), { Impuestos: { Traslados: [exempt] } })
const part = (change: object): Comprobante => line(plain(), { Parte: [{ ClaveProdServ: '51241200', Cantidad: '2', Descripcion: 'Parte', ValorUnitario: '10.00', Importe: '20.00', ...change }] })
const local = (change: object): Comprobante => root40(plain(), { Total: '103.00', Complemento: { ImpuestosLocales: { version: '1.0', TotaldeRetenciones: '0.00', TotaldeTraslados: '3.00', TrasladosLocales: [{ ImpLocTrasladado: 'ISH', TasadeTraslado: '3.00', Importe: '3.00' }], ...change } } })

const documents: Case[] = [
  { code: '401', broken: plain({ Fecha: '2026-11-17T11:59:59' }), near: plain({ Fecha: '2026-11-17T12:00:00' }) },
  { code: '401', broken: plain({ Fecha: '2026-11-20T12:00:01' }), near: plain({ Fecha: '2026-11-20T12:00:00' }) },
  // The clock is that of the place of issue: Tijuana is two hours behind the centre.
  { code: '401', broken: plain({ Fecha: '2026-11-20T11:30:00', LugarExpedicion: '22000' }), near: plain({ Fecha: '2026-11-20T10:00:00', LugarExpedicion: '22000' }) },
  { code: '401', broken: plain(), near: plain(), options: { zone: 'America/Tijuana' }, nearAlso: ['401'] },
  { code: 'CFDI40103', broken: root40(transfer(), { FormaPago: '01' }), near: transfer() },
  { code: 'CFDI40103', broken: root40(bareReceipt(), { FormaPago: '01' }), near: bareReceipt(), also: ['CRP20105'] },
  { code: 'CFDI40104', level: 'warning', broken: without(plain(), 'FormaPago'), near: plain() },
  { code: 'CFDI40105', broken: plain({ MetodoPago: 'PPD', FormaPago: '03' }), near: plain({ MetodoPago: 'PPD', FormaPago: '99' }) },
  { code: 'CFDI40105', broken: without(plain({ MetodoPago: 'PPD' }), 'FormaPago'), near: plain({ MetodoPago: 'PPD', FormaPago: '99' }) },
  { code: 'CFDI40105', level: 'warning', broken: plain({ FormaPago: '99' }), near: plain({ FormaPago: '31' }) },
  { code: 'CFDI40107', broken: plain({ SubTotal: '100.000' }), near: plain({ SubTotal: '100' }) },
  { code: 'CFDI40107', broken: plain({ Moneda: 'JPY', TipoCambio: '0.12', SubTotal: '100.0' }), near: plain({ Moneda: 'JPY', TipoCambio: '0.12', SubTotal: '100' }) },
  { code: 'CFDI40108', broken: plain({ SubTotal: '100.01', Total: '100.01' }), near: plain({ SubTotal: '100.00' }) },
  { code: 'CFDI40108', broken: root40(line(plain(), { Importe: '100.004999', Cantidad: '1.00005', ValorUnitario: '100.0' }), { SubTotal: '100.01', Total: '100.01' }), near: root40(line(plain(), { Importe: '100.005000', Cantidad: '1.00005', ValorUnitario: '100.0' }), { SubTotal: '100.01', Total: '100.01' }) },
  { code: 'CFDI40109', broken: root40(transfer(), { SubTotal: '1' }), near: root40(transfer(), { SubTotal: '0.00' }), also: ['CFDI40119'] },
  { code: 'CFDI40110', broken: root40(line(plain(), { Descuento: '100.01' }), { Descuento: '100.01', Total: '0.00' }), near: root40(line(plain(), { Descuento: '100.00' }), { Descuento: '100.00', Total: '0.00' }), also: ['CFDI40119', 'CFDI40169'] },
  { code: 'CFDI40111', broken: line(transfer(), { Descuento: '0' }), near: transfer() },
  { code: 'CFDI40111', level: 'warning', broken: root40(line(plain(), { Descuento: '10.00' }), {}), near: root40(line(plain(), { Descuento: '10.00' }), { Descuento: '10.00', Total: '90.00' }) },
  { code: 'CFDI40112', broken: root40(line(plain(), { Descuento: '10.00' }), { Descuento: '10.000', Total: '90.00' }), near: root40(line(plain(), { Descuento: '10.00' }), { Descuento: '10.0', Total: '90.00' }) },
  { code: 'CFDI40114', broken: plain({ TipoCambio: '1.000001' }), near: plain({ TipoCambio: '1' }) },
  { code: 'CFDI40115', broken: plain({ Moneda: 'USD' }), near: plain({ Moneda: 'USD', TipoCambio: '18.50' }) },
  { code: 'CFDI40116', broken: root40(transfer(), { TipoCambio: '1' }), near: transfer() },
  { code: 'CFDI40118', broken: plain({ Moneda: 'USD', TipoCambio: '2000' }), near: plain({ Moneda: 'USD', TipoCambio: '19.425' }), options: { rate: rates } },
  { code: 'CFDI40118', broken: plain({ Moneda: 'USD', TipoCambio: '19.425001' }), near: plain({ Moneda: 'USD', TipoCambio: '19.425001', Confirmacion: 'aB3c9' }), options: { rate: rates } },
  { code: 'CFDI40119', broken: plain({ Total: '100.01' }), near: plain() },
  { code: 'CFDI40119', broken: root40(taxed(), { Total: '116.00' }), near: taxed() },
  { code: 'CFDI40119', broken: root40(local({}), { Total: '100.00' }), near: local({}) },
  { code: 'CFDI40119', broken: local({ TotaldeTraslados: '3.01' }), near: local({}) },
  { code: 'CFDI40119', broken: root40(local({ TotaldeRetenciones: '1.00' }), { Total: '102.00' }), near: root40(local({ TotaldeRetenciones: '1.00', RetencionesLocales: [{ ImpLocRetenido: 'Cinco al millar', TasadeRetencion: '0.50', Importe: '1.00' }] }), { Total: '102.00' }) },
  { code: 'CFDI40120', broken: root40(line(plain(), { ValorUnitario: '999999999999999999.999999', Importe: '999999999999999999.999999' }), { Moneda: 'XAU', TipoCambio: '1', SubTotal: '1000000000000000000', Total: '1000000000000000000' }), near: plain(), also: ['CFDI40999', 'CFDI40999'] },
  { code: 'CFDI40122', broken: plain({ Exportacion: '02' }), near: trade(root40(abroad(), { Exportacion: '02' })) },
  { code: 'CFDI40124', level: 'warning', broken: without(plain(), 'MetodoPago'), near: plain() },
  { code: 'CFDI40125', broken: root40(transfer(), { MetodoPago: 'PUE' }), near: transfer() },
  { code: 'CFDI40127', broken: plain({ Confirmacion: 'aB3c9' }), near: plain({ Moneda: 'USD', TipoCambio: '30', Confirmacion: 'aB3c9' }), options: { rate: rates } },
  { code: 'CFDI40127', broken: plain({ Moneda: 'USD', TipoCambio: '18.50', Confirmacion: 'aB3c9' }), near: plain({ Moneda: 'EUR', TipoCambio: '18.50', Confirmacion: 'aB3c9' }), options: { rate: rates } },
  { code: 'CFDI40130', broken: without(toEverybody(), 'InformacionGlobal'), near: receiver(without(toEverybody(), 'InformacionGlobal'), { Nombre: 'MOSTRADOR' }) },
  { code: 'CFDI40130', level: 'warning', broken: root40(without(toEverybody(), 'InformacionGlobal'), { TipoDeComprobante: 'E', CfdiRelacionados: [{ TipoRelacion: '01', CfdiRelacionado: [{ UUID: uuid }] }] }), near: root40(toEverybody(), { TipoDeComprobante: 'E', CfdiRelacionados: [{ TipoRelacion: '01', CfdiRelacionado: [{ UUID: uuid }] }] }) },
  { code: 'CFDI40130', broken: receiver(toEverybody(), { Nombre: 'PÚBLICO EN GENERAL' }), near: toEverybody() },
  { code: 'CFDI40130', level: 'warning', broken: line(toEverybody(), { ClaveProdServ: '50211503' }), near: toEverybody() },
  { code: 'CFDI40130', level: 'warning', broken: line(toEverybody(), { NoIdentificacion: undefined }), near: toEverybody() },
  { code: 'CFDI40132', broken: root40(toEverybody(), { InformacionGlobal: { Periodicidad: '05', Meses: '17', Año: '2026' } }), near: root40(issuer(toEverybody(), { Rfc: 'COSC8001137NA', Nombre: 'CARLOS CORTES SOTO', RegimenFiscal: '621' }), { InformacionGlobal: { Periodicidad: '05', Meses: '17', Año: '2026' } }) },
  { code: 'CFDI40134', broken: root40(toEverybody(), { InformacionGlobal: { Periodicidad: '01', Meses: '13', Año: '2026' } }), near: root40(toEverybody(), { InformacionGlobal: { Periodicidad: '01', Meses: '12', Año: '2026' } }) },
  { code: 'CFDI40135', broken: root40(issuer(toEverybody(), { Rfc: 'COSC8001137NA', Nombre: 'CARLOS CORTES SOTO', RegimenFiscal: '621' }), { InformacionGlobal: { Periodicidad: '05', Meses: '12', Año: '2026' } }), near: root40(issuer(toEverybody(), { Rfc: 'COSC8001137NA', Nombre: 'CARLOS CORTES SOTO', RegimenFiscal: '621' }), { InformacionGlobal: { Periodicidad: '05', Meses: '13', Año: '2026' } }) },
  { code: 'CFDI40136', broken: root40(toEverybody(), { InformacionGlobal: { Periodicidad: '04', Meses: '12', Año: '2024' } }), near: root40(toEverybody(), { InformacionGlobal: { Periodicidad: '04', Meses: '12', Año: '2025' } }) },
  { code: 'CFDI40136', broken: root40(toEverybody(), { InformacionGlobal: { Periodicidad: '04', Meses: '01', Año: '2027' } }), near: toEverybody() },
  { code: 'CFDI40137', level: 'warning', broken: without(creditNote(), 'CfdiRelacionados'), near: creditNote() },
  { code: 'CFDI40137', level: 'warning', broken: root40(plain(), { CfdiRelacionados: [{ TipoRelacion: '04', CfdiRelacionado: [{ UUID: uuid }] }, { TipoRelacion: '04', CfdiRelacionado: [{ UUID: uuid }] }] }), near: root40(plain(), { CfdiRelacionados: [{ TipoRelacion: '04', CfdiRelacionado: [{ UUID: uuid }] }, { TipoRelacion: '07', CfdiRelacionado: [{ UUID: uuid }] }] }) },
  { code: 'CFDI40137', level: 'warning', broken: root40(plain(), { CfdiRelacionados: [{ TipoRelacion: '04', CfdiRelacionado: [{ UUID: uuid }, { UUID: uuid.toLowerCase() }] }] }), near: root40(plain(), { CfdiRelacionados: [{ TipoRelacion: '04', CfdiRelacionado: [{ UUID: uuid }, { UUID: uuid.replace('5', '6') }] }] }) }
]

const imported = (): ValidateOptions['catalogues'] => {
  const postal = (code: string, border: boolean) => ({ code, text: code, valid_from: '2022-01-01', valid_to: null, state: 'X', border, zone: null })
  const folder = t.testdir({ 'c_CodigoPostal.json': JSON.stringify({ source: 'test', edition: '2026-01-01', entries: [postal('20000', false), postal('22000', true), postal('86991', false)] }) })
  return openCatalogues(folder)
}
const withPostalCodes = { catalogues: imported() }

const parties: Case[] = [
  { code: 'CFDI40138', broken: issuer(plain(), { Rfc: 'EKU900231C93' }), near: plain(), also: ['CFDI40138'] },
  { code: 'CFDI40138', level: 'warning', broken: issuer(plain(), { Rfc: 'EKU9003173C8' }), near: issuer(plain(), { Rfc: 'EKU9003173C9' }) },
  { code: 'CFDI40139', level: 'warning', broken: issuer(plain(), { Nombre: 'ESCUELA KEMPER URGATE S.A. DE C.V.' }), near: issuer(plain(), { Nombre: 'SA DE CV ESCUELA' }) },
  { code: 'CFDI40139', level: 'warning', broken: issuer(plain(), { Nombre: 'Escuela Kemper' }), near: issuer(plain(), { Nombre: 'ESCUELA Ñ & 1' }) },
  { code: 'CFDI40141', broken: issuer(plain(), { RegimenFiscal: '612' }), near: issuer(plain(), { RegimenFiscal: '626' }) },
  { code: 'CFDI40143', broken: receiver(plain(), { Rfc: 'URE180230TM6' }), near: plain(), also: ['CFDI40143'] },
  { code: 'CFDI40143', level: 'warning', broken: receiver(plain(), { Rfc: 'URE180429TM5' }), near: receiver(plain(), { Rfc: 'URE180429TM6' }) },
  { code: 'CFDI40145', level: 'warning', broken: receiver(plain(), { Nombre: 'UNIVERSIDAD ROBOTICA, A.C.' }), near: receiver(plain(), { Nombre: 'UNIVERSIDAD ROBOTICAC' }) },
  { code: 'CFDI40145', level: 'warning', broken: receiver(plain(), { Nombre: 'Universidad' }), near: receiver(abroad(), { Nombre: 'Acme Inc' }) },
  { code: 'CFDI40146', broken: receiver(plain(), { Nombre: 'PUBLICO EN GENERAL' }), near: receiver(plain(), { Nombre: 'PUBLICO EN GENERALES' }) },
  { code: 'CFDI40148', broken: receiver(plain(), { DomicilioFiscalReceptor: '99999' }), near: plain(), options: withPostalCodes },
  { code: 'CFDI40149', broken: receiver(toEverybody(), { DomicilioFiscalReceptor: '86991' }), near: toEverybody() },
  { code: 'CFDI40149', broken: receiver(abroad(), { DomicilioFiscalReceptor: '86991' }), near: abroad() },
  { code: 'CFDI40151', broken: receiver(plain(), { ResidenciaFiscal: 'USA' }), near: abroad() },
  { code: 'CFDI40152', broken: receiver(abroad(), { ResidenciaFiscal: 'MEX' }), near: receiver(abroad(), { ResidenciaFiscal: 'CAN' }), also: ['CFDI40156'] },
  { code: 'CFDI40153', broken: receiver(abroad(), { ResidenciaFiscal: undefined }), near: receiver(abroad(), { ResidenciaFiscal: undefined, NumRegIdTrib: undefined }) },
  { code: 'CFDI40154', broken: receiver(plain(), { NumRegIdTrib: '123456789' }), near: abroad() },
  { code: 'CFDI40155', broken: trade(receiver(abroad(), { NumRegIdTrib: undefined })), near: receiver(abroad(), { NumRegIdTrib: undefined }) },
  { code: 'CFDI40156', broken: receiver(abroad(), { NumRegIdTrib: '12345678' }), near: receiver(abroad(), { ResidenciaFiscal: 'DEU', NumRegIdTrib: '12345678' }) },
  { code: 'CFDI40158', broken: receiver(plain(), { RegimenFiscalReceptor: '612' }), near: receiver(plain(), { RegimenFiscalReceptor: '626' }) },
  { code: 'CFDI40159', broken: receiver(toEverybody(), { RegimenFiscalReceptor: '612' }), near: toEverybody() },
  { code: 'CFDI40161', broken: receiver(plain(), { UsoCFDI: 'D01' }), near: receiver(plain(), { UsoCFDI: 'S01' }) },
  { code: 'CFDI40161', broken: receiver(plain(), { Rfc: 'COSC8001137NA', RegimenFiscalReceptor: '605' }), near: receiver(plain(), { Rfc: 'COSC8001137NA', RegimenFiscalReceptor: '605', UsoCFDI: 'D01' }) },
  { code: 'CFDI40161', broken: receiver(toEverybody(), { UsoCFDI: 'G03' }), near: toEverybody() },
  { code: 'CFDI40161', broken: receiver(bareReceipt(), { UsoCFDI: 'S01' }), near: bareReceipt() },
  { code: 'CFDI40187', broken: line(plain(), { ACuentaTerceros: { ...third, RfcACuentaTerceros: 'JES900230Q90' } }), near: line(plain(), { ACuentaTerceros: third }), also: ['CFDI40187'] },
  { code: 'CFDI40187', level: 'warning', broken: line(plain(), { ACuentaTerceros: { ...third, RfcACuentaTerceros: 'JES900109Q91' } }), near: line(plain(), { ACuentaTerceros: third }) },
  { code: 'CFDI40188', broken: line(plain(), { ACuentaTerceros: { ...third, RfcACuentaTerceros: 'EKU9003173C9' } }), near: line(plain(), { ACuentaTerceros: third }) },
  { code: 'CFDI40190', level: 'warning', broken: line(plain(), { ACuentaTerceros: { ...third, NombreACuentaTerceros: 'JIMENEZ SC' } }), near: line(plain(), { ACuentaTerceros: third }) }
]

const ieps = { Base: '10', Impuesto: '003', TipoFactor: 'Cuota', TasaOCuota: '72.160500', Importe: '721.61' }
const quota = (change: object): Comprobante => root40(line(plain(), { ObjetoImp: '02', Impuestos: { Traslados: [{ ...ieps, ...change }] } }), { Total: '821.61', Impuestos: { TotalImpuestosTrasladados: '721.61', Traslados: [{ ...ieps, ...change, Base: '10.00' }] } })
const border = (place: string): Comprobante => root40(line(plain(), { ObjetoImp: '02', Impuestos: { Traslados: [{ ...iva, TasaOCuota: '0.080000', Importe: '8.00' }] } }), { LugarExpedicion: place, Fecha: '2026-11-20T09:00:00', Total: '108.00', Impuestos: { TotalImpuestosTrasladados: '8.00', Traslados: [{ ...iva, TasaOCuota: '0.080000', Importe: '8.00' }] } })
const customs = (NumeroPedimento: string): Pick<Concepto, 'InformacionAduanera'> => ({ InformacionAduanera: [{ NumeroPedimento }] })
const object = (ObjetoImp: string, Impuestos?: Concepto['Impuestos']): Comprobante => {
  const taxes = taxed()
  const Traslados = Impuestos?.Traslados
  const Retenciones = Impuestos?.Retenciones
  const transferred = Traslados?.reduce((total, { Importe }) => total + Number(Importe), 0) ?? 0
  const withheld = Retenciones?.reduce((total, { Importe }) => total + Number(Importe), 0) ?? 0
  return {
    ...line(taxes, { ObjetoImp, Impuestos }),
    Total: (100 + transferred - withheld).toFixed(2),
    Impuestos: Impuestos === undefined
      ? undefined
      : { ...Retenciones !== undefined && { TotalImpuestosRetenidos: withheld.toFixed(2), Retenciones: Retenciones.map(({ Impuesto, Importe }) => ({ Impuesto, Importe })) }, ...Traslados !== undefined && { TotalImpuestosTrasladados: transferred.toFixed(2), Traslados } }
  }
}
const alcohol = { Base: '100.00', Impuesto: '003', TipoFactor: 'Tasa', TasaOCuota: '0.265000', Importe: '26.50' }

const concepts: Case[] = [
  { code: 'CFDI40166', broken: root40(line(plain(), { ValorUnitario: '0', Importe: '0' }), { SubTotal: '0', Total: '0' }), near: transfer() },
  { code: 'CFDI40167', broken: root40(line(plain(), { Cantidad: '1.0000', Importe: '100.03' }), { SubTotal: '100.03', Total: '100.03' }), near: root40(line(plain(), { Cantidad: '1.0000', Importe: '100.02' }), { SubTotal: '100.02', Total: '100.02' }) },
  { code: 'CFDI40168', broken: root40(line(plain(), { Importe: '100.0', Descuento: '10.00' }), { Descuento: '10.00', Total: '90.00' }), near: root40(line(plain(), { Importe: '100.00', Descuento: '10.0' }), { Descuento: '10.00', Total: '90.00' }) },
  { code: 'CFDI40169', broken: root40(line(plain({ Conceptos: [plain().Conceptos[0]!, plain().Conceptos[0]!] }), { Descuento: '100.01' }), { SubTotal: '200.00', Descuento: '100.01', Total: '99.99' }), near: root40(line(plain({ Conceptos: [plain().Conceptos[0]!, plain().Conceptos[0]!] }), { Descuento: '100.00' }), { SubTotal: '200.00', Descuento: '100.00', Total: '100.00' }) },
  { code: 'CFDI40171', broken: line(plain(), { ObjetoImp: '02' }), near: taxed() },
  { code: 'CFDI40172', broken: object('01', { Traslados: [iva] }), near: object('02', { Traslados: [iva] }) },
  { code: 'CFDI40172', broken: object('04', { Traslados: [iva] }), near: object('04') },
  { code: 'CFDI40172', level: 'warning', broken: object('05', { Traslados: [iva] }), near: object('05') },
  { code: 'CFDI40999', level: 'warning', broken: object('06', { Traslados: [iva] }), near: object('06', { Retenciones: [isr] }) },
  { code: 'CFDI40999', level: 'warning', broken: object('08', { Traslados: [alcohol] }), near: object('08') },
  { code: 'CFDI40999', level: 'warning', broken: object('07', { Traslados: [iva, alcohol] }), near: object('07', { Traslados: [alcohol] }) },
  { code: 'CFDI40999', level: 'warning', broken: object('07'), near: object('07', { Traslados: [alcohol], Retenciones: [isr] }) },
  { code: 'CFDI40177', broken: changed(exempted(), ({ Conceptos }) => { Conceptos[0]!.Impuestos!.Traslados![0]!.TasaOCuota = '0.000000' }), near: exempted() },
  { code: 'CFDI40178', broken: transferTax({ Importe: undefined }), near: taxed(), also: ['CFDI40221'] },
  { code: 'CFDI40179', broken: object('02', { Traslados: [{ ...iva, TasaOCuota: '0.150000', Importe: '15.00' }] }), near: taxed(), also: ['CFDI40219'] },
  { code: 'CFDI40179', broken: quota({ TasaOCuota: '72.160501', Importe: '721.61' }), near: quota({}), also: ['CFDI40219'] },
  { code: 'CFDI40179', broken: object('02', { Traslados: [{ ...isr }] }), near: object('02', { Retenciones: [isr] }), also: ['CFDI40219'] },
  { code: 'CFDI40179', level: 'warning', broken: transferTax({ TasaOCuota: '0.16' }), near: taxed() },
  { code: 'CFDI40179', level: 'warning', broken: border('20000'), near: border('22000'), options: { ...withPostalCodes } },
  { code: 'CFDI40180', broken: object('02', { Traslados: [{ ...iva, Importe: '16.02' }] }), near: object('02', { Traslados: [{ ...iva, Importe: '16.01' }] }) },
  { code: 'CFDI40184', broken: withheldTax({ TipoFactor: 'Exento' }), near: taxed() },
  { code: 'CFDI40185', broken: object('02', { Retenciones: [{ ...isr, TasaOCuota: '0.350001', Importe: '35.00' }] }), near: object('02', { Retenciones: [{ ...isr, TasaOCuota: '0.350000', Importe: '35.00' }] }) },
  { code: 'CFDI40185', level: 'warning', broken: withheldTax({ TasaOCuota: '0.1' }), near: taxed() },
  { code: 'CFDI40186', broken: object('02', { Retenciones: [{ ...isr, Importe: '10.02' }] }), near: object('02', { Retenciones: [{ ...isr, Importe: '10.00' }] }) },
  { code: 'CFDI40194', broken: line(plain(), customs('10  99  3807  8003832')), near: line(plain(), customs('10  47  3807  8003832')) },
  { code: 'CFDI40195', broken: trade(line(abroad(), customs('10  47  3807  8003832'))), near: line(abroad(), customs('10  47  3807  8003832')) },
  { code: 'CFDI40199', broken: part(customs('10  99  3807  8003832')), near: part(customs('10  47  3807  8003832')) },
  { code: 'CFDI40200', broken: trade(root40(abroad(), { Conceptos: part(customs('10  47  3807  8003832')).Conceptos })), near: trade(root40(abroad(), { Conceptos: part({}).Conceptos })) },
  { code: 'CFDI40197', broken: part({ ValorUnitario: '0', Importe: '0' }), near: part({ ValorUnitario: undefined, Importe: undefined }) },
  { code: 'CFDI40198', broken: part({ Cantidad: '2.0000', Importe: '20.03' }), near: part({ Cantidad: '2.0000', Importe: '20.02' }) }
]

const totals: Case[] = [
  { code: 'CFDI40201', broken: root40(transfer(), { Impuestos: { TotalImpuestosTrasladados: '0' } }), near: transfer() },
  { code: 'CFDI40202', broken: summed({ TotalImpuestosRetenidos: '10.000' }), near: summed({ TotalImpuestosRetenidos: '10' }) },
  { code: 'CFDI40203', broken: root40(summed({ TotalImpuestosRetenidos: '10.01' }), { Total: '105.99' }), near: taxed() },
  { code: 'CFDI40204', broken: summed({ TotalImpuestosTrasladados: '16.000' }), near: summed({ TotalImpuestosTrasladados: '16' }) },
  { code: 'CFDI40205', broken: root40(summed({ TotalImpuestosTrasladados: '16.01' }), { Total: '106.01' }), near: taxed() },
  { code: 'CFDI40206', broken: summed({ TotalImpuestosRetenidos: undefined }), near: taxed() },
  { code: 'CFDI40208', broken: changed(taxed(), ({ Impuestos }) => { Impuestos!.Retenciones!.push({ Impuesto: '001', Importe: '10.00' }); Impuestos!.TotalImpuestosRetenidos = '20.00' }), near: taxed(), also: ['CFDI40119'] },
  { code: 'CFDI40210', broken: summed({ Importe: '10.000' }, 'Retenciones'), near: summed({ Importe: '10' }, 'Retenciones') },
  { code: 'CFDI40211', broken: root40(changed(summed({ Importe: '10.01' }, 'Retenciones'), ({ Impuestos }) => { Impuestos!.TotalImpuestosRetenidos = '10.01' }), { Total: '105.99' }), near: taxed() },
  { code: 'CFDI40211', broken: root40(changed(taxed(), ({ Impuestos }) => { delete Impuestos!.Retenciones; delete Impuestos!.TotalImpuestosRetenidos }), { Total: '116.00' }), near: taxed() },
  { code: 'CFDI40212', broken: summed({ TotalImpuestosTrasladados: undefined }), near: exempted() },
  { code: 'CFDI40214', broken: summed({ Base: '100.000' }, 'Traslados'), near: summed({ Base: '100' }, 'Traslados') },
  { code: 'CFDI40215', broken: summed({ Base: '100.01' }, 'Traslados'), near: taxed() },
  { code: 'CFDI40216', broken: changed(exempted(), ({ Impuestos }) => { Impuestos!.Traslados![0]!.Base = '100.01' }), near: exempted() },
  { code: 'CFDI40218', broken: changed(taxed(), ({ Impuestos }) => { Impuestos!.Traslados!.push({ ...iva, TasaOCuota: '0.16' }); Impuestos!.TotalImpuestosTrasladados = '32.00' }), near: changed(taxed(), () => {}), also: ['CFDI40119'] },
  { code: 'CFDI40219', broken: object('02', { Traslados: [{ ...iva, TasaOCuota: '0.110000', Importe: '11.00' }] }), near: taxed(), also: ['CFDI40179'] },
  { code: 'CFDI40220', broken: summed({ Importe: '16.000' }, 'Traslados'), near: summed({ Importe: '16' }, 'Traslados') },
  { code: 'CFDI40221', broken: root40(changed(summed({ Importe: '16.01' }, 'Traslados'), ({ Impuestos }) => { Impuestos!.TotalImpuestosTrasladados = '16.01' }), { Total: '106.01' }), near: taxed() },
  { code: 'CFDI40221', broken: root40(changed(taxed(), ({ Impuestos }) => { delete Impuestos!.Traslados![0]!.Importe; delete Impuestos!.TotalImpuestosTrasladados }), { Total: '90.00' }), near: taxed(), also: ['CFDI40212'] },
  { code: 'CFDI40221', broken: without(exempted(), 'Impuestos'), near: exempted() }
]

const usd = { MonedaP: 'USD', TipoCambioP: '18.50', Monto: '31.35' }
/** 580 pesos paid with dollars at 18.50: 31.351351… */
const inDollars = (document: Partial<DoctoRelacionado> = {}, payment: Partial<Pago> = {}): Comprobante => bareReceipt({ ...usd, ...payment }, { EquivalenciaDR: '18.5000000000', ...document }, '579.98')
const retained = (change: object): Comprobante => changed(receipt(), ({ Complemento }) => { Object.assign(Complemento!.Pagos!.Pago[0]!.DoctoRelacionado[0]!.ImpuestosDR!.RetencionesDR![0]!, change) })
const moved = (change: object): Comprobante => changed(receipt(), ({ Complemento }) => { Object.assign(Complemento!.Pagos!.Pago[0]!.DoctoRelacionado[0]!.ImpuestosDR!.TrasladosDR![0]!, change) })
const retainedP = (change: object): Comprobante => changed(receipt(), ({ Complemento }) => { Object.assign(Complemento!.Pagos!.Pago[0]!.ImpuestosP!.RetencionesP![0]!, change) })
const movedP = (change: object): Comprobante => changed(receipt(), ({ Complemento }) => { Object.assign(Complemento!.Pagos!.Pago[0]!.ImpuestosP!.TrasladosP![0]!, change) })
const exemptPayment = (base = '500.00', total = '500.00'): Comprobante => receipt({
  Totales: { TotalTrasladosBaseIVAExento: total, MontoTotalPagos: '580.00' },
  Pago: [pago({ DoctoRelacionado: [docto({ ImpuestosDR: { TrasladosDR: [{ BaseDR: '500.00', ImpuestoDR: '002', TipoFactorDR: 'Exento' }] } })], ImpuestosP: { TrasladosP: [{ BaseP: base, ImpuestoP: '002', TipoFactorP: 'Exento' }] } })]
})
const kinds = (rate: string, amount: string, totals: Partial<PagosTotales>): Comprobante => receipt({
  Totales: { ...totals, MontoTotalPagos: '580.00' },
  Pago: [pago({
    DoctoRelacionado: [docto({ ImpuestosDR: { TrasladosDR: [{ BaseDR: '500.00', ImpuestoDR: '002', TipoFactorDR: 'Tasa', TasaOCuotaDR: rate, ImporteDR: amount }] } })],
    ImpuestosP: { TrasladosP: [{ BaseP: '500.00', ImpuestoP: '002', TipoFactorP: 'Tasa', TasaOCuotaP: rate, ImporteP: amount }] }
  })]
})
const withheldOf = (tax: string, rate: string, amount: string, totals: Partial<PagosTotales>): Comprobante => receipt({
  Totales: { ...totals, MontoTotalPagos: '580.00' },
  Pago: [pago({
    DoctoRelacionado: [docto({ ImpuestosDR: { RetencionesDR: [{ BaseDR: '500.00', ImpuestoDR: tax, TipoFactorDR: 'Tasa', TasaOCuotaDR: rate, ImporteDR: amount }] } })],
    ImpuestosP: { RetencionesP: [{ ImpuestoP: tax, ImporteP: amount }] }
  })]
})
const iva8 = { TotalTrasladosBaseIVA8: '500.00', TotalTrasladosImpuestoIVA8: '40.00' }
const iva0 = { TotalTrasladosBaseIVA0: '500.00', TotalTrasladosImpuestoIVA0: '0.00' }
const objectDR = (ObjetoImpDR: string, ImpuestosDR?: DoctoRelacionado['ImpuestosDR'], ImpuestosP?: Pago['ImpuestosP'], totals: Partial<PagosTotales> = {}): Comprobante => receipt({
  Totales: { ...totals, MontoTotalPagos: '580.00' }, Pago: [pago({ DoctoRelacionado: [docto({ ObjetoImpDR, ImpuestosDR })], ImpuestosP })]
})
const trasladoDR = { BaseDR: '500.00', ImpuestoDR: '002', TipoFactorDR: 'Tasa', TasaOCuotaDR: '0.160000', ImporteDR: '80.00' }
const trasladoP = { BaseP: '500.00', ImpuestoP: '002', TipoFactorP: 'Tasa', TasaOCuotaP: '0.160000', ImporteP: '80.00' }
const iepsDR = { BaseDR: '500.00', ImpuestoDR: '003', TipoFactorDR: 'Tasa', TasaOCuotaDR: '0.080000', ImporteDR: '40.00' }
const iepsP = { BaseP: '500.00', ImpuestoP: '003', TipoFactorP: 'Tasa', TasaOCuotaP: '0.080000', ImporteP: '40.00' }
const isrDR = { BaseDR: '500.00', ImpuestoDR: '001', TipoFactorDR: 'Tasa', TasaOCuotaDR: '0.100000', ImporteDR: '50.00' }
const isrP = { ImpuestoP: '001', ImporteP: '50.00' }
const iva16 = { TotalTrasladosBaseIVA16: '500.00', TotalTrasladosImpuestoIVA16: '80.00' }
const cash = (change: Partial<Pago> = {}): Comprobante => paying({ FormaDePagoP: '01', RfcEmisorCtaOrd: undefined, CtaOrdenante: undefined, RfcEmisorCtaBen: undefined, CtaBeneficiario: undefined, ...change })
const spei = { TipoCadPago: '01', CertPago: 'QQ==', CadPago: '||1|2||', SelloPago: 'QQ==' }
/** Two documents, one of them in the currency of the payment. */
const mixed = (Monto: string, total: string): Comprobante => receipt({
  Totales: { MontoTotalPagos: total },
  Pago: [{
    ...bareReceipt(usd).Complemento!.Pagos!.Pago[0]!, Monto, DoctoRelacionado: [
      { ...bareReceipt().Complemento!.Pagos!.Pago[0]!.DoctoRelacionado[0]!, MonedaDR: 'USD', ImpSaldoAnt: '10.00', ImpPagado: '10.00', ImpSaldoInsoluto: '0.00' },
      { ...bareReceipt().Complemento!.Pagos!.Pago[0]!.DoctoRelacionado[0]!, EquivalenciaDR: '18.5000000000' }
    ]
  }]
})

const payments: Case[] = [
  { code: 'CRP20101', broken: root40(plain(), { Complemento: bareReceipt().Complemento }), near: bareReceipt(), also: ['CRP20104', 'CRP20103', 'CRP20110', 'CRP20105', 'CRP20106', 'CRP20113', 'CRP20116', 'CRP20118', 'CRP20119', 'CRP20120'] },
  { code: 'CRP20102', broken: root40(bareReceipt(), { Exportacion: '03' }), near: bareReceipt() },
  { code: 'CRP20103', broken: root40(bareReceipt(), { SubTotal: '1' }), near: root40(bareReceipt(), { SubTotal: '0.00' }), also: ['CFDI40109'] },
  { code: 'CRP20104', broken: root40(bareReceipt(), { Moneda: 'MXN' }), near: bareReceipt() },
  { code: 'CRP20105', broken: root40(bareReceipt(), { FormaPago: '03' }), near: bareReceipt(), also: ['CFDI40103'] },
  { code: 'CRP20106', broken: root40(bareReceipt(), { MetodoPago: 'PPD' }), near: bareReceipt(), also: ['CFDI40125'] },
  { code: 'CRP20107', broken: root40(bareReceipt(), { CondicionesDePago: 'Contado' }), near: bareReceipt() },
  { code: 'CRP20108', broken: root40(bareReceipt(), { Descuento: '0' }), near: bareReceipt() },
  { code: 'CRP20109', broken: root40(bareReceipt(), { TipoCambio: '1' }), near: bareReceipt(), also: ['CFDI40116'] },
  { code: 'CRP20110', broken: root40(bareReceipt(), { Total: '580' }), near: root40(bareReceipt(), { Total: '0.00' }) },
  { code: 'CRP20111', broken: changed(bareReceipt(), ({ Conceptos }) => { Conceptos.push(structuredClone(Conceptos[0]!)) }), near: bareReceipt() },
  { code: 'CRP20112', broken: line(bareReceipt(), customs('10  47  3807  8003832')), near: line(bareReceipt(), { ACuentaTerceros: third }) },
  { code: 'CRP20113', broken: line(bareReceipt(), { ClaveProdServ: '84111507' }), near: bareReceipt() },
  { code: 'CRP20114', broken: line(bareReceipt(), { NoIdentificacion: '1' }), near: bareReceipt() },
  { code: 'CRP20115', broken: line(bareReceipt(), { Cantidad: '2' }), near: line(bareReceipt(), { Cantidad: '1.0' }) },
  { code: 'CRP20116', broken: line(bareReceipt(), { ClaveUnidad: 'E48' }), near: bareReceipt() },
  { code: 'CRP20117', broken: line(bareReceipt(), { Unidad: 'Pago' }), near: bareReceipt() },
  { code: 'CRP20118', broken: line(bareReceipt(), { Descripcion: 'Pagos' }), near: bareReceipt() },
  { code: 'CRP20119', broken: line(bareReceipt(), { ValorUnitario: '1' }), near: bareReceipt() },
  { code: 'CRP20120', broken: line(bareReceipt(), { Importe: '9' }), near: bareReceipt(), also: ['CFDI40167'] },
  { code: 'CRP20121', broken: line(bareReceipt(), { Descuento: '0' }), near: bareReceipt(), also: ['CFDI40111'] },
  { code: 'CRP20122', broken: line(bareReceipt(), { ObjetoImp: '04' }), near: bareReceipt() },
  { code: 'CRP20123', broken: line(bareReceipt(), { Impuestos: { Retenciones: [isr] } }), near: bareReceipt(), also: ['CFDI40172'] },
  { code: 'CRP20123', broken: root40(bareReceipt(), { Impuestos: { TotalImpuestosTrasladados: '0' } }), near: bareReceipt(), also: ['CFDI40201'] },
  { code: 'CRP20999', broken: without(bareReceipt(), 'Complemento'), near: bareReceipt() },

  { code: 'CRP20201', broken: withheldOf('002', '0.106667', '53.33', { TotalRetencionesIVA: '53.34' }), near: withheldOf('002', '0.106667', '53.33', { TotalRetencionesIVA: '53.33' }) },
  { code: 'CRP20202', broken: totalled({ TotalRetencionesISR: '50.01' }), near: receipt() },
  { code: 'CRP20203', broken: withheldOf('003', '0.080000', '40.00', { TotalRetencionesIEPS: '40.01' }), near: withheldOf('003', '0.080000', '40.00', { TotalRetencionesIEPS: '40.00' }) },
  { code: 'CRP20204', broken: totalled({ TotalTrasladosBaseIVA16: '500.01' }), near: receipt() },
  { code: 'CRP20205', broken: totalled({ TotalTrasladosImpuestoIVA16: '80.01' }), near: receipt() },
  { code: 'CRP20206', broken: kinds('0.080000', '40.00', { ...iva8, TotalTrasladosBaseIVA8: '500.01' }), near: kinds('0.080000', '40.00', iva8) },
  { code: 'CRP20207', broken: kinds('0.080000', '40.00', { ...iva8, TotalTrasladosImpuestoIVA8: '40.01' }), near: kinds('0.080000', '40.00', iva8) },
  { code: 'CRP20208', broken: kinds('0.000000', '0.00', { ...iva0, TotalTrasladosBaseIVA0: '500.01' }), near: kinds('0.000000', '0.00', iva0) },
  { code: 'CRP20209', broken: kinds('0.000000', '0.00', { ...iva0, TotalTrasladosImpuestoIVA0: '0.01' }), near: kinds('0.000000', '0.00', iva0) },
  { code: 'CRP20210', broken: exemptPayment('500.00', '500.01'), near: exemptPayment() },
  { code: 'CRP20211', broken: totalled({ MontoTotalPagos: '580.01' }), near: receipt() },
  { code: 'CRP20211', broken: changed(inDollars(), ({ Complemento }) => { Complemento!.Pagos!.Totales.MontoTotalPagos = '580.00' }), near: inDollars() },
  { code: 'CRP20264', broken: totalled({ TotalRetencionesISR: undefined }), near: receipt() },
  { code: 'CRP20267', broken: totalled({ TotalTrasladosBaseIVA16: undefined }), near: receipt() },
  { code: 'CRP20273', broken: totalled({ TotalTrasladosImpuestoIVA16: undefined }), near: exemptPayment() },

  { code: 'CRP20212', broken: paying({ FormaDePagoP: '99' }), near: paying({ FormaDePagoP: '03' }) },
  { code: 'CRP20213', broken: bareReceipt({ MonedaP: 'XXX', TipoCambioP: undefined }, { EquivalenciaDR: '1' }), near: bareReceipt() },
  { code: 'CRP20214', broken: inDollars({}, { TipoCambioP: undefined }), near: inDollars() },
  { code: 'CRP20215', broken: paying({ TipoCambioP: undefined }), near: paying({ TipoCambioP: '1.000000' }) },
  { code: 'CRP20216', broken: bareReceipt({ ...usd, TipoCambioP: '2000' }, { EquivalenciaDR: '18.5000000000' }, '62700.00'), near: inDollars(), options: { rate: rates } },
  { code: 'CRP20217', broken: bareReceipt({ Monto: '579.99' }, {}, '579.99'), near: bareReceipt({ Monto: '580.01' }, {}, '580.01') },
  { code: 'CRP20218', broken: bareReceipt({ Monto: '0', DoctoRelacionado: [] }, {}, '0.00'), near: bareReceipt(), also: ['CRP20999'] },
  { code: 'CRP20219', broken: bareReceipt({ Monto: '580.000' }), near: bareReceipt({ Monto: '580' }) },
  { code: 'CRP20220', broken: bareReceipt({ Monto: '999999999999999999.99', TipoCambioP: '19', MonedaP: 'USD' }, { EquivalenciaDR: '19.0000000000' }, '580.00'), near: bareReceipt(), also: ['CRP20211'] },
  { code: 'CRP20221', broken: cash({ RfcEmisorCtaOrd: 'BBA830831LJ2' }), near: cash() },
  { code: 'CRP20223', broken: paying({ RfcEmisorCtaOrd: 'XEXX010101000' }), near: paying({ RfcEmisorCtaOrd: 'XEXX010101000', NomBancoOrdExt: 'CITIBANK' }) },
  { code: 'CRP20224', broken: cash({ CtaOrdenante: '012345678901234567' }), near: cash() },
  { code: 'CRP20225', broken: paying({ CtaOrdenante: '01234567890' }), near: paying({ CtaOrdenante: '0123456789' }) },
  { code: 'CRP20226', broken: paying({ CtaBeneficiario: '0123456789012345' }), near: paying({ CtaBeneficiario: '0123456789' }) },
  { code: 'CRP20227', broken: cash({ RfcEmisorCtaBen: 'BNM840515VB1' }), near: cash() },
  { code: 'CRP20228', broken: paying({ FormaDePagoP: '06', CtaOrdenante: '0123456789', RfcEmisorCtaBen: undefined }), near: paying({ FormaDePagoP: '05', CtaOrdenante: '0123456789', RfcEmisorCtaBen: undefined }) },
  { code: 'CRP20229', broken: paying({ ...spei, FormaDePagoP: '04', CtaOrdenante: '0123456789012345' }), near: paying(spei) },
  { code: 'CRP20230', broken: paying({ ...spei, CertPago: undefined }), near: paying(spei) },
  { code: 'CRP20231', broken: paying({ CertPago: 'QQ==' }), near: paying(spei) },
  { code: 'CRP20232', broken: paying({ ...spei, CadPago: undefined }), near: paying(spei) },
  { code: 'CRP20233', broken: paying({ CadPago: '||1||' }), near: paying(spei) },
  { code: 'CRP20234', broken: paying({ ...spei, SelloPago: undefined }), near: paying(spei) },
  { code: 'CRP20235', broken: paying({ SelloPago: 'QQ==' }), near: paying(spei) },
  { code: 'CRP20276', broken: inDollars({ ImpPagado: '580.02', ImpSaldoInsoluto: '579.98' }, { Monto: '31.34' }), near: inDollars(), also: ['CRP20211'] },
  // 10 dollars and 31.351351…: the document in the currency of the payment has a margin as well (CRP20277).
  { code: 'CRP20276', broken: mixed('41.33', '764.61'), near: mixed('41.35', '764.98') },
  { code: 'CRP20999', level: 'warning', broken: paying({ FechaPago: '2026-11-20T11:30:01' }), near: paying({ FechaPago: '2026-11-20T11:30:00' }) },
  { code: 'CRP20999', level: 'warning', broken: paying({ FechaPago: '2026-09-30T23:59:59' }), near: paying({ FechaPago: '2026-11-01T00:00:00' }) },

  { code: 'CRP20236', broken: paid({ MonedaDR: 'XXX', EquivalenciaDR: '1' }), near: bareReceipt() },
  { code: 'CRP20237', broken: inDollars({ EquivalenciaDR: undefined }), near: inDollars() },
  { code: 'CRP20238', broken: bareReceipt({ Monto: '600.00' }, { EquivalenciaDR: '1.0000000001' }, '600.00'), near: bareReceipt() },
  { code: 'CRP20238', broken: paid({ EquivalenciaDR: undefined }), near: bareReceipt() },
  { code: 'CRP20238', level: 'warning', broken: paid({ EquivalenciaDR: '1.0000000000' }), near: bareReceipt() },
  { code: 'CRP20239', broken: paid({ ImpSaldoAnt: '0.00', ImpPagado: '0.01', ImpSaldoInsoluto: '0.00' }), near: bareReceipt(), also: ['CRP20244'] },
  { code: 'CRP20240', broken: paid({ ImpSaldoAnt: '1160.000' }), near: paid({ ImpSaldoAnt: '1160' }) },
  { code: 'CRP20241', broken: paid({ ImpPagado: '0.00', ImpSaldoInsoluto: '1160.00' }), near: paid({ ImpPagado: '0.01', ImpSaldoInsoluto: '1159.99' }) },
  { code: 'CRP20242', broken: paid({ ImpPagado: '580.000' }), near: paid({ ImpPagado: '580' }) },
  { code: 'CRP20243', broken: paid({ ImpSaldoInsoluto: '580.000' }), near: paid({ ImpSaldoInsoluto: '580' }) },
  { code: 'CRP20244', broken: paid({ ImpSaldoInsoluto: '580.01' }), near: bareReceipt() },
  { code: 'CRP20246', broken: paid({ ObjetoImpDR: '02' }), near: receipt() },
  { code: 'CRP20247', broken: objectDR('05', { TrasladosDR: [trasladoDR] }, { TrasladosP: [trasladoP] }, iva16), near: objectDR('05') },
  { code: 'CRP20278', broken: objectDR('06', { TrasladosDR: [trasladoDR] }, { TrasladosP: [trasladoP] }, iva16), near: objectDR('06', { RetencionesDR: [isrDR] }, { RetencionesP: [isrP] }, { TotalRetencionesISR: '50.00' }) },
  { code: 'CRP20279', broken: objectDR('07', { TrasladosDR: [trasladoDR] }, { TrasladosP: [trasladoP] }, iva16), near: objectDR('07', { TrasladosDR: [iepsDR] }, { TrasladosP: [iepsP] }) },

  { code: 'CRP20252', broken: retained({ TipoFactorDR: 'Exento' }), near: receipt() },
  {
    code: 'CRP20253', broken: changed(receipt(), ({ Complemento }) => {
      const { Pagos } = Complemento!
      Object.assign(Pagos!.Pago[0]!.DoctoRelacionado[0]!.ImpuestosDR!.RetencionesDR![0]!, { TasaOCuotaDR: '0.350001', ImporteDR: '175.00' })
      Pagos!.Pago[0]!.ImpuestosP!.RetencionesP![0]!.ImporteP = '175.00'
      Pagos!.Totales.TotalRetencionesISR = '175.00'
    }), near: receipt()
  },
  { code: 'CRP20253', level: 'warning', broken: retained({ TasaOCuotaDR: '0.10' }), near: receipt() },
  { code: 'CRP20254', broken: changed(retained({ ImporteDR: '50.02' }), ({ Complemento }) => { Complemento!.Pagos!.Pago[0]!.ImpuestosP!.RetencionesP![0]!.ImporteP = '50.02'; Complemento!.Pagos!.Totales.TotalRetencionesISR = '50.02' }), near: receipt() },
  { code: 'CRP20258', broken: changed(exemptPayment(), ({ Complemento }) => { Complemento!.Pagos!.Pago[0]!.DoctoRelacionado[0]!.ImpuestosDR!.TrasladosDR![0]!.ImporteDR = '0.00' }), near: exemptPayment() },
  { code: 'CRP20259', broken: moved({ ImporteDR: undefined }), near: receipt() },
  { code: 'CRP20260', broken: kinds('0.110000', '55.00', {}), near: kinds('0.080000', '40.00', iva8), also: ['CRP20272'] },
  { code: 'CRP20260', level: 'warning', broken: moved({ TasaOCuotaDR: '0.16' }), near: receipt() },
  { code: 'CRP20261', broken: changed(moved({ ImporteDR: '80.02' }), ({ Complemento }) => { Complemento!.Pagos!.Pago[0]!.ImpuestosP!.TrasladosP![0]!.ImporteP = '80.02'; Complemento!.Pagos!.Totales.TotalTrasladosImpuestoIVA16 = '80.02' }), near: receipt() },
  { code: 'CRP20263', broken: changed(receipt(), ({ Complemento }) => { Complemento!.Pagos!.Pago[0]!.ImpuestosP!.RetencionesP!.push({ ImpuestoP: '001', ImporteP: '50.00' }); Complemento!.Pagos!.Totales.TotalRetencionesISR = '100.00' }), near: receipt() },
  { code: 'CRP20265', broken: changed(retainedP({ ImporteP: '50.01' }), ({ Complemento }) => { Complemento!.Pagos!.Totales.TotalRetencionesISR = '50.01' }), near: retainedP({ ImporteP: '50.000' }) },
  { code: 'CRP20265', broken: changed(receipt(), ({ Complemento }) => { delete Complemento!.Pagos!.Pago[0]!.ImpuestosP!.RetencionesP; delete Complemento!.Pagos!.Totales.TotalRetencionesISR }), near: receipt() },
  { code: 'CRP20268', broken: changed(movedP({ BaseP: '500.01' }), ({ Complemento }) => { Complemento!.Pagos!.Totales.TotalTrasladosBaseIVA16 = '500.01' }), near: movedP({ BaseP: '500' }) },
  {
    code: 'CRP20268', broken: changed(receipt(), ({ Complemento }) => {
      const { Pagos } = Complemento!
      delete Pagos!.Pago[0]!.ImpuestosP!.TrasladosP
      delete Pagos!.Totales.TotalTrasladosBaseIVA16
      delete Pagos!.Totales.TotalTrasladosImpuestoIVA16
    }), near: receipt()
  },
  { code: 'CRP20269', broken: exemptPayment('500.01', '500.01'), near: exemptPayment() },
  {
    code: 'CRP20271', broken: changed(receipt(), ({ Complemento }) => {
      const { Pagos } = Complemento!
      Pagos!.Pago[0]!.ImpuestosP!.TrasladosP!.push({ ...trasladoP })
      Object.assign(Pagos!.Totales, { TotalTrasladosBaseIVA16: '1000.00', TotalTrasladosImpuestoIVA16: '160.00' })
    }), near: receipt()
  },
  { code: 'CRP20272', broken: kinds('0.110000', '55.00', {}), near: kinds('0.080000', '40.00', iva8), also: ['CRP20260'] },
  { code: 'CRP20272', level: 'warning', broken: movedP({ TasaOCuotaP: '0.16' }), near: receipt() },
  { code: 'CRP20274', broken: changed(movedP({ ImporteP: '80.01' }), ({ Complemento }) => { Complemento!.Pagos!.Totales.TotalTrasladosImpuestoIVA16 = '80.01' }), near: movedP({ ImporteP: '80.000' }) },
  { code: 'CRP20274', broken: changed(movedP({ ImporteP: undefined }), ({ Complemento }) => { delete Complemento!.Pagos!.Totales.TotalTrasladosImpuestoIVA16 }), near: receipt(), also: ['CRP20273'] }
]

const cases = [...documents, ...parties, ...concepts, ...totals, ...payments]
const asked = (document: unknown, options: Partial<ValidateOptions> = {}): Finding[] => validateCfdi(document, { now, ...options })
const codes = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code)

/** Which row of the tables said it. */
function rowOf ({ code, level, path, message }: Finding): AnyRule | undefined {
  const sentence = (template: string): RegExp => new RegExp(`^([^:]*: )?${template.split(/\{\w+\}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')}$`)
  const at = path.replace(/\[\d+\]/g, '[]')
  return rules.find(rule => rule.code === code && rule.level === level && sentence(rule.es).test(message.es) &&
    (rule.field === '' ? at === rule.at || at.startsWith(`${rule.at}.`) : at === [rule.at, rule.field].filter(part => part !== '').join('.')))
}

t.test('every rule has a document that breaks it, and it alone', async t => {
  const broken = new Set<AnyRule>()
  for (const { code, level = 'error', broken: document, near, also = [], options, nearAlso = [] } of cases) {
    const found = asked(document, options)
    const own = found.find(finding => finding.code === code && finding.level === level)
    t.ok(own !== undefined, `${code} (${level}): ${JSON.stringify(found)}`)
    t.same(codes(found).filter(said => said !== code).sort(), also.filter(said => said !== code).sort(), `${code} and nothing else`)
    for (const finding of found) {
      const row = rowOf(finding)
      if (row !== undefined) broken.add(row)
      t.notMatch(finding.message.es + finding.message.en, /\{\w+\}|\?(?= )|undefined|NaN/, `${finding.code} says all its words`)
    }
    t.same(codes(asked(near, options)).filter(said => !nearAlso.includes(said)), [], `${code}: the near one`)
  }
  // An element without anything in it comes only in XML: below.
  const onlyXml = new Set(['Conceptos[].Impuestos', 'Complemento.Pagos.Pago[].DoctoRelacionado[].ImpuestosDR'])
  t.same(rules.filter(rule => !broken.has(rule) && !onlyXml.has(rule.at)).map(({ code, level, at, field }) => `${code} ${level} ${at} ${field}`), [], 'no rule is untested')
})

t.test('each attribute is judged by what it must be, under its own code', async t => {
  t.same(codes(asked(everything())).filter(code => ['CFDI40999', 'CRP20999', 'CFDI40101'].includes(code)), [], 'as it is, its structure is whole')
  const wrong = `|${'x'.repeat(9000)}`
  let count = 0
  const visit = (place: Place, at: string, pick: (document: any) => any): void => {
    for (const { name, required, expected } of place.attributes) {
      if (expected === undefined) continue
      const path = at === '' ? name : `${at}.${name}`
      const own = at.startsWith('Complemento.Pagos') ? 'CRP20999' : 'CFDI40999'
      const bad = asked(changed(everything(), document => { pick(document)[name] = wrong }))
      t.match(bad.find(finding => finding.path === path && finding.code === (expected.code ?? own)), { level: 'error' }, `${path} wrong`)
      const absent = asked(changed(everything(), document => { delete pick(document)[name] })).find(finding => finding.path === path && finding.message.en.includes('is missing'))
      t.equal(absent?.code, required ? expected.missing ?? own : undefined, `${path} missing`)
      count++
    }
    for (const { child, place: inner } of place.children) {
      if (inner.attributes.length > 0 && inner.attributes.every(({ expected }) => expected === undefined)) continue
      if (['Donatarias', 'LeyendasFiscales', 'TimbreFiscalDigital', 'ComplementoConcepto'].includes(child.key)) continue
      const step = `${child.key}${child.many ? '[0]' : ''}`
      visit(inner, at === '' ? step : `${at}.${step}`, document => child.many ? pick(document)[child.key][0] : pick(document)[child.key])
    }
  }
  visit(root, '', document => document)
  t.ok(count > 110, `${count} attributes`)
})

t.test('catalogues are asked about the day of the document', async t => {
  const of = (Fecha: string, change: Partial<Concepto>): string[] => codes(asked(line(plain({ Fecha }), change), { now: new Date(`${Fecha}Z`), zone: 'UTC' }))
  t.same(of('2024-12-12T10:00:00', { ObjetoImp: '08' }), ['CFDI40170'])
  t.same(of('2024-12-13T10:00:00', { ObjetoImp: '08' }), [])
  t.match(asked(line(plain({ Fecha: '2024-12-12T10:00:00' }), { ObjetoImp: '08' }), { now: new Date('2024-12-12T17:00:00Z') }), [{ message: { es: /vale desde el 2024-12-13 y el documento es del 2024-12-12/ } }])
  t.same(of('2021-12-31T10:00:00', { ObjetoImp: '01' }), [], 'a CFDI 4.0 of before its time is judged by its first catalogues')
  const dated = (Fecha: string): string[] => codes(asked(root40(quota({}), { Fecha }), { now: new Date(`${Fecha}Z`), zone: 'UTC' }))
  t.same([dated('2025-06-01T10:00:00'), dated('2026-06-01T10:00:00')], [[], []], 'the quota of a year that the catalogue has forgotten')
})

t.test('what cannot be read is a finding, and names no rule', async t => {
  for (const [given, code, path] of [
    ['', '301', ''], ['<a>', '301', ''], ['<cfdi:Comprobante/>', '301', ''], ['<a/>', 'CFDI40999', ''],
    ['<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/3" Version="3.3"/>', 'CFDI40999', ''],
    [null, 'CFDI40999', ''], [undefined, 'CFDI40999', ''], [7, 'CFDI40999', ''], [[], 'CFDI40999', '']
  ] as const) {
    t.match(asked(given), [{ code, path, level: 'error' }], String(given))
    t.equal(asked(given).length, 1)
  }
  const odd = asked({ ...plain(), Total: 5, odd: 1, folio: 'x', Conceptos: [...plain().Conceptos, 7], Receptor: [], Impuestos: { Traslados: {} }, Addenda: [7] })
  t.match(Object.fromEntries(odd.map(({ path, message }) => [path, message.en])), {
    Total: /must be a text in quotes/, odd: /has no place here/, folio: /Did you mean Folio\?/, 'Conceptos[1]': /Concept 2: It must be an object/, Receptor: /must be an object/, 'Impuestos.Traslados': /must be a list/, Addenda: /must be a list of XML/
  })
})

t.test('findings stand in the order of the document, and say where', async t => {
  const findings = asked(changed(income(), document => {
    document.Moneda = 'ZZZ'
    document.Receptor.UsoCFDI = 'Z99'
    document.Conceptos[1]!.Impuestos!.Traslados![1]!.TasaOCuota = '0.150000'
    document.Conceptos[0]!.ClaveUnidad = 'zzz'
    document.Impuestos!.TotalImpuestosTrasladados = '1.00'
  }))
  t.same(findings.map(({ path }) => path), [
    'Moneda', 'Total', 'Receptor.UsoCFDI', 'Conceptos[0].ClaveUnidad', 'Conceptos[1].Impuestos.Traslados[1].TasaOCuota', 'Conceptos[1].Impuestos.Traslados[1].Importe', 'Impuestos'
  ])
  t.match(findings.find(({ path }) => path === 'Conceptos[1].Impuestos.Traslados[1].TasaOCuota')?.message, { es: /^Concepto 2, traslado 2: c_TasaOCuota no tiene 0\.150000/, en: /^Concept 2, transferred tax 2: / })
  t.equal(isValid(findings), false)
  t.equal(isValid(asked(issuer(plain(), { Nombre: 'X SA DE CV' }))), true, 'warnings do not stand in the way')
})

t.test('what only XML can say: elements and attributes out of place, empty wrappers, a seal', async t => {
  const xml = (change: (text: string) => string): Finding[] => {
    const before = writeXml({ root: buildCfdi(income()), before: [], after: [] })
    const after = change(before)
    t.not(after, before)
    return asked(after)
  }
  t.same(asked(writeXml({ root: buildCfdi(income()), before: [], after: [] })), [])
  t.match(xml(text => text.replace('<cfdi:Traslados><cfdi:Traslado Base="900.00"', '<cfdi:Traslados></cfdi:Traslados><cfdi:Traslados><cfdi:Traslado Base="900.00"')).find(({ path }) => path === 'Conceptos[0].Impuestos.Traslados'), { code: 'CFDI40999' })
  t.ok(codes(xml(text => text.replace(/<cfdi:Impuestos><cfdi:Traslados>.*?<\/cfdi:Impuestos>/, '<cfdi:Impuestos/>'))).includes('CFDI40173'))
  t.match(xml(text => text.replace('TasaOCuota="0.012500"', 'TasaoCuota="0.012500"')).map(({ code, path }) => [code, path]), [['CFDI40185', 'Conceptos[0].Impuestos.Retenciones[0].TasaOCuota'], ['CFDI40999', 'Conceptos[0].Impuestos.Retenciones[0].TasaoCuota']])
  t.match(xml(text => text.replace('<cfdi:Conceptos>', '<cfdi:Conceptos> hola ')).map(({ code, path }) => [code, path]), [['CFDI40999', 'Conceptos']])
  t.match(xml(text => text.replace(/(<cfdi:Emisor [^>]*>)(<cfdi:Receptor [^>]*>)/, '$2$1')).map(({ code, path }) => [code, path]), [['CFDI40999', 'Emisor']])
  t.match(xml(text => text.replace(/(<cfdi:Emisor [^>]*>)/, '$1$1')).map(({ code, path }) => [code, path]), [['CFDI40999', 'Emisor']])
  t.match(xml(text => text.replace(' Serie="A"', ' Serie=""')).map(({ code, path }) => [code, path]), [['CFDI40999', 'Serie']])
  t.same(xml(text => text.replace(' Serie="A"', ' Serie="A" Sello="" NoCertificado="" Certificado=""')), [], 'it waits for its seal')
  const empty = writeXml({ root: buildCfdi(objectDR('06')), before: [], after: [] }).replace(/(<pago20:DoctoRelacionado [^>]*)\/>/, '$1><pago20:ImpuestosDR/></pago20:DoctoRelacionado>')
  t.match(asked(empty).map(({ code, path }) => [code, path]), [['CRP20248', 'Complemento.Pagos.Pago[0].DoctoRelacionado[0].ImpuestosDR']])

  t.match(xml(text => text.replace(' Serie="A"', ' Serie="A" Sello="QQ==" NoCertificado="30001000000500003416" Certificado="QQ=="')).map(({ code, path }) => [code, path]), [['CFDI40106', 'Certificado']])
  const sealed = await sealCfdi({ model: income(), ...testCsd() })
  t.same(asked(sealed.xml), [])
  const text = Buffer.from(sealed.xml).toString('utf8')
  t.match(asked(text.replace('Folio="17"', 'Folio="18"')).map(({ code, path }) => [code, path]), [['CFDI40102', 'Sello']])
  t.match(asked(text.replace(/ Certificado="[^"]*"/, '')).map(({ code }) => code), ['CFDI40102'])
})
