import * as is from './kinds.ts'
import { key, type Kind } from './kinds.ts'

/** What the text of an attribute must be, and the code under which a PAC refuses it when it is not. */
export interface Expected {
  kind: Kind
  /** Where the SAT's matrix has one for it; otherwise CFDI40999 or CRP20999, "no clasificado". */
  code?: string
  /** When it is required and is not there, the same. */
  missing?: string
}

const as = (kind: Kind, code?: string, missing?: string): Expected => ({ kind, ...code !== undefined && { code }, ...missing !== undefined && { missing } })

/**
 * The attributes of each element. Which are required, and in which order things stand, is said once for building and reading,
 * in ../shape.ts. Keys of catalogues are looked up on the day of the document.
 */
export const expected: Readonly<Record<string, Readonly<Record<string, Expected>>>> = {
  '': {
    Version: as(is.fixed('4.0')),
    Serie: as(is.words(25)),
    Folio: as(is.words(40)),
    Fecha: as(is.moment, 'CFDI40101', 'CFDI40101'),
    Sello: as(is.base64, 'CFDI40102'),
    FormaPago: as(key('c_FormaPago'), 'CFDI40104'),
    NoCertificado: as(is.digits(20)),
    Certificado: as(is.base64, 'CFDI40106'),
    CondicionesDePago: as(is.words(1000)),
    SubTotal: as(is.amount),
    Descuento: as(is.amount),
    Moneda: as(key('c_Moneda'), 'CFDI40113', 'CFDI40113'),
    TipoCambio: as(is.positive(6), 'CFDI40117'),
    Total: as(is.amount),
    TipoDeComprobante: as(key('c_TipoDeComprobante'), 'CFDI40121', 'CFDI40121'),
    Exportacion: as(key('c_Exportacion'), 'CFDI40123', 'CFDI40123'),
    MetodoPago: as(key('c_MetodoPago'), 'CFDI40124'),
    LugarExpedicion: as(key('c_CodigoPostal'), 'CFDI40126', 'CFDI40126'),
    Confirmacion: as(is.confirmation, 'CFDI40128')
  },
  InformacionGlobal: {
    Periodicidad: as(key('c_Periodicidad'), 'CFDI40131', 'CFDI40131'),
    Meses: as(key('c_Meses'), 'CFDI40133', 'CFDI40133'),
    Año: as(is.year, 'CFDI40136', 'CFDI40136')
  },
  'CfdiRelacionados[]': { TipoRelacion: as(key('c_TipoRelacion'), 'CFDI40137', 'CFDI40137') },
  'CfdiRelacionados[].CfdiRelacionado[]': { UUID: as(is.uuid) },
  Emisor: {
    Rfc: as(is.rfc, 'CFDI40138'),
    Nombre: as(is.words(300)),
    RegimenFiscal: as(key('c_RegimenFiscal'), 'CFDI40140', 'CFDI40140'),
    FacAtrAdquirente: as(is.digits(10), 'CFDI40142')
  },
  Receptor: {
    Rfc: as(is.rfc, 'CFDI40143'),
    Nombre: as(is.words(300)),
    DomicilioFiscalReceptor: as(is.postalCode),
    ResidenciaFiscal: as(key('c_Pais'), 'CFDI40150'),
    NumRegIdTrib: as(is.anyWords(40)),
    RegimenFiscalReceptor: as(key('c_RegimenFiscal'), 'CFDI40157', 'CFDI40157'),
    UsoCFDI: as(key('c_UsoCFDI'), 'CFDI40160', 'CFDI40160')
  },
  'Conceptos[]': {
    ClaveProdServ: as(key('c_ClaveProdServ'), 'CFDI40162', 'CFDI40162'),
    NoIdentificacion: as(is.words(100)),
    Cantidad: as(is.positive(6)),
    ClaveUnidad: as(key('c_ClaveUnidad'), 'CFDI40165', 'CFDI40165'),
    Unidad: as(is.words(20)),
    Descripcion: as(is.words(1000)),
    ValorUnitario: as(is.amount),
    Importe: as(is.amount),
    Descuento: as(is.amount),
    ObjetoImp: as(key('c_ObjetoImp'), 'CFDI40170', 'CFDI40170')
  },
  'Conceptos[].Impuestos.Traslados[]': {
    Base: as(is.positive(6), 'CFDI40174'),
    Impuesto: as(key('c_Impuesto'), 'CFDI40175', 'CFDI40175'),
    TipoFactor: as(key('c_TipoFactor'), 'CFDI40176', 'CFDI40176'),
    TasaOCuota: as(is.rate, 'CFDI40179'),
    Importe: as(is.amount)
  },
  'Conceptos[].Impuestos.Retenciones[]': {
    Base: as(is.positive(6), 'CFDI40181'),
    Impuesto: as(key('c_Impuesto'), 'CFDI40182', 'CFDI40182'),
    TipoFactor: as(key('c_TipoFactor'), 'CFDI40183', 'CFDI40183'),
    TasaOCuota: as(is.rate, 'CFDI40185', 'CFDI40185'),
    Importe: as(is.amount)
  },
  'Conceptos[].ACuentaTerceros': {
    RfcACuentaTerceros: as(is.rfc, 'CFDI40187'),
    NombreACuentaTerceros: as(is.words(300)),
    RegimenFiscalACuentaTerceros: as(key('c_RegimenFiscal'), 'CFDI40191', 'CFDI40191'),
    DomicilioFiscalACuentaTerceros: as(is.postalCode)
  },
  'Conceptos[].InformacionAduanera[]': { NumeroPedimento: as(is.customsNumber, 'CFDI40194') },
  'Conceptos[].CuentaPredial[]': { Numero: as(is.propertyAccount) },
  'Conceptos[].Parte[]': {
    ClaveProdServ: as(key('c_ClaveProdServ'), 'CFDI40196', 'CFDI40196'),
    NoIdentificacion: as(is.words(100)),
    Cantidad: as(is.positive(6)),
    Unidad: as(is.words(20)),
    Descripcion: as(is.words(1000)),
    ValorUnitario: as(is.amount),
    Importe: as(is.amount)
  },
  'Conceptos[].Parte[].InformacionAduanera[]': { NumeroPedimento: as(is.customsNumber, 'CFDI40199') },
  Impuestos: { TotalImpuestosRetenidos: as(is.amount), TotalImpuestosTrasladados: as(is.amount) },
  'Impuestos.Retenciones[]': { Impuesto: as(key('c_Impuesto'), 'CFDI40207', 'CFDI40207'), Importe: as(is.amount) },
  'Impuestos.Traslados[]': {
    Base: as(is.amount, undefined, 'CFDI40213'),
    Impuesto: as(key('c_Impuesto'), 'CFDI40217', 'CFDI40213'),
    TipoFactor: as(key('c_TipoFactor'), undefined, 'CFDI40213'),
    TasaOCuota: as(is.rate, 'CFDI40219'),
    Importe: as(is.amount)
  },
  'Complemento.Pagos': { Version: as(is.fixed('2.0')) },
  'Complemento.Pagos.Totales': {
    TotalRetencionesIVA: as(is.pesos),
    TotalRetencionesISR: as(is.pesos),
    TotalRetencionesIEPS: as(is.pesos),
    TotalTrasladosBaseIVA16: as(is.pesos),
    TotalTrasladosImpuestoIVA16: as(is.pesos),
    TotalTrasladosBaseIVA8: as(is.pesos),
    TotalTrasladosImpuestoIVA8: as(is.pesos),
    TotalTrasladosBaseIVA0: as(is.pesos),
    TotalTrasladosImpuestoIVA0: as(is.pesos),
    TotalTrasladosBaseIVAExento: as(is.pesos),
    MontoTotalPagos: as(is.pesos)
  },
  'Complemento.Pagos.Pago[]': {
    FechaPago: as(is.moment),
    FormaDePagoP: as(key('c_FormaPago')),
    MonedaP: as(key('c_Moneda')),
    TipoCambioP: as(is.positive(6)),
    Monto: as(is.amount),
    NumOperacion: as(is.words(100)),
    RfcEmisorCtaOrd: as(is.bankRfc, 'CRP20222'),
    NomBancoOrdExt: as(is.words(300)),
    CtaOrdenante: as(is.account, 'CRP20225'),
    RfcEmisorCtaBen: as(is.legalRfc),
    CtaBeneficiario: as(is.account, 'CRP20226'),
    TipoCadPago: as(is.fixed('01')),
    CertPago: as(is.base64),
    CadPago: as(is.anyWords(8192)),
    SelloPago: as(is.base64)
  },
  'Complemento.Pagos.Pago[].DoctoRelacionado[]': {
    IdDocumento: as(is.documentId),
    Serie: as(is.words(25)),
    Folio: as(is.words(40)),
    MonedaDR: as(key('c_Moneda')),
    EquivalenciaDR: as(is.positive(10)),
    NumParcialidad: as(is.installment),
    ImpSaldoAnt: as(is.amount),
    ImpPagado: as(is.amount),
    ImpSaldoInsoluto: as(is.amount),
    ObjetoImpDR: as(key('c_ObjetoImp'), 'CRP20245', 'CRP20245')
  },
  'Complemento.Pagos.Pago[].DoctoRelacionado[].ImpuestosDR.RetencionesDR[]': {
    BaseDR: as(is.positive(6), 'CRP20249'),
    ImpuestoDR: as(key('c_Impuesto'), 'CRP20250', 'CRP20250'),
    TipoFactorDR: as(key('c_TipoFactor'), 'CRP20251', 'CRP20251'),
    TasaOCuotaDR: as(is.rate, 'CRP20253', 'CRP20253'),
    ImporteDR: as(is.amount)
  },
  'Complemento.Pagos.Pago[].DoctoRelacionado[].ImpuestosDR.TrasladosDR[]': {
    BaseDR: as(is.positive(6), 'CRP20255'),
    ImpuestoDR: as(key('c_Impuesto'), 'CRP20256', 'CRP20256'),
    TipoFactorDR: as(key('c_TipoFactor'), 'CRP20257', 'CRP20257'),
    TasaOCuotaDR: as(is.rate, 'CRP20260'),
    ImporteDR: as(is.amount)
  },
  'Complemento.Pagos.Pago[].ImpuestosP.RetencionesP[]': { ImpuestoP: as(key('c_Impuesto'), 'CRP20262', 'CRP20262'), ImporteP: as(is.amount) },
  'Complemento.Pagos.Pago[].ImpuestosP.TrasladosP[]': {
    BaseP: as(is.amount, undefined, 'CRP20266'),
    ImpuestoP: as(key('c_Impuesto'), 'CRP20270', 'CRP20266'),
    TipoFactorP: as(key('c_TipoFactor'), undefined, 'CRP20266'),
    TasaOCuotaP: as(is.rate, 'CRP20272'),
    ImporteP: as(is.amount)
  },
  'Complemento.ImpuestosLocales': { version: as(is.fixed('1.0')), TotaldeRetenciones: as(is.localAmount), TotaldeTraslados: as(is.localAmount) },
  'Complemento.ImpuestosLocales.RetencionesLocales[]': { ImpLocRetenido: as(is.anyWords(1000)), TasadeRetencion: as(is.localAmount), Importe: as(is.localAmount) },
  'Complemento.ImpuestosLocales.TrasladosLocales[]': { ImpLocTrasladado: as(is.anyWords(1000)), TasadeTraslado: as(is.localAmount), Importe: as(is.localAmount) }
}
