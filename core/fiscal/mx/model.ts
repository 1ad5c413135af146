import type { XmlElement } from '../xml/element.ts'

/**
 * CFDI 4.0 in the SAT's own words: a property is an attribute or a child of the same name, so that the path of a finding
 * is the path in the document. Everything is text as it will be written: decimals are strings (`"116.00"`, a rate
 * `"0.160000"`), dates `AAAA-MM-DDThh:mm:ss` in the local time of LugarExpedicion, keys are those of the catalogues.
 *
 * Three things are flatter than the XML: a list stands without its wrapper (`Conceptos: Concepto[]`), the kinds of
 * complement stand by name in `Complemento`, and Sello, Certificado and NoCertificado are absent until it is sealed.
 *
 * Source: http://www.sat.gob.mx/sitio_internet/cfd/4/cfdv40.xsd and Pagos20.xsd, as of 2026-08.
 */
export interface Comprobante {
  Version: '4.0'
  Serie?: string
  Folio?: string
  Fecha: string
  Sello?: string
  FormaPago?: string
  NoCertificado?: string
  Certificado?: string
  CondicionesDePago?: string
  SubTotal: string
  Descuento?: string
  Moneda: string
  TipoCambio?: string
  Total: string
  /** N (nómina) can be read, its cadena is known, and it is not built. */
  TipoDeComprobante: 'I' | 'E' | 'T' | 'N' | 'P'
  Exportacion: string
  MetodoPago?: string
  LugarExpedicion: string
  Confirmacion?: string

  InformacionGlobal?: InformacionGlobal
  /** One for each TipoRelacion. */
  CfdiRelacionados?: CfdiRelacionados[]
  Emisor: Emisor
  Receptor: Receptor
  Conceptos: Concepto[]
  Impuestos?: Impuestos
  Complemento?: Complemento
  /** Outside the seal; usually added after stamping. */
  Addenda?: XmlElement[]
}

export interface InformacionGlobal {
  Periodicidad: string
  Meses: string
  Año: string
}

export interface CfdiRelacionados {
  TipoRelacion: string
  CfdiRelacionado: { UUID: string }[]
}

export interface Emisor {
  Rfc: string
  Nombre: string
  RegimenFiscal: string
  FacAtrAdquirente?: string
}

export interface Receptor {
  Rfc: string
  Nombre: string
  DomicilioFiscalReceptor: string
  ResidenciaFiscal?: string
  NumRegIdTrib?: string
  RegimenFiscalReceptor: string
  UsoCFDI: string
}

export interface Concepto {
  ClaveProdServ: string
  NoIdentificacion?: string
  Cantidad: string
  ClaveUnidad: string
  Unidad?: string
  Descripcion: string
  ValorUnitario: string
  Importe: string
  Descuento?: string
  ObjetoImp: string
  Impuestos?: ConceptoImpuestos
  ACuentaTerceros?: ACuentaTerceros
  InformacionAduanera?: InformacionAduanera[]
  CuentaPredial?: { Numero: string }[]
  ComplementoConcepto?: ComplementoConcepto
  Parte?: Parte[]
}

/** Of a concept: Traslados come before Retenciones. */
export interface ConceptoImpuestos {
  Traslados?: ConceptoTraslado[]
  Retenciones?: ConceptoRetencion[]
}

export type Impuesto = '001' | '002' | '003'
export type TipoFactor = 'Tasa' | 'Cuota' | 'Exento'

/** Exento has neither TasaOCuota nor Importe. */
export interface ConceptoTraslado {
  Base: string
  Impuesto: string
  TipoFactor: string
  TasaOCuota?: string
  Importe?: string
}

export interface ConceptoRetencion {
  Base: string
  Impuesto: string
  TipoFactor: string
  TasaOCuota: string
  Importe: string
}

export interface ACuentaTerceros {
  RfcACuentaTerceros: string
  NombreACuentaTerceros: string
  RegimenFiscalACuentaTerceros: string
  DomicilioFiscalACuentaTerceros: string
}

export interface InformacionAduanera {
  /** 21 characters, with two spaces between the groups: `10  47  3807  8003832`. */
  NumeroPedimento: string
}

export interface Parte {
  ClaveProdServ: string
  NoIdentificacion?: string
  Cantidad: string
  Unidad?: string
  Descripcion: string
  ValorUnitario?: string
  Importe?: string
  InformacionAduanera?: InformacionAduanera[]
}

/** Of the document: Retenciones come before Traslados. */
export interface Impuestos {
  TotalImpuestosRetenidos?: string
  TotalImpuestosTrasladados?: string
  Retenciones?: { Impuesto: string, Importe: string }[]
  Traslados?: ConceptoTraslado[]
}

export interface ComplementoConcepto {
  /** http://www.sat.gob.mx/iedu */
  instEducativas?: InstEducativas
  /** Any other, as XML: it can be sealed when its cadena is known. */
  Otros?: XmlElement[]
}

export interface InstEducativas {
  version: '1.0'
  nombreAlumno: string
  CURP: string
  nivelEducativo: string
  autRVOE: string
  rfcPago?: string
}

/** They are written in this order. */
export interface Complemento {
  /** http://www.sat.gob.mx/Pagos20 */
  Pagos?: Pagos
  /** http://www.sat.gob.mx/implocal */
  ImpuestosLocales?: ImpuestosLocales
  /** http://www.sat.gob.mx/donat */
  Donatarias?: Donatarias
  /** http://www.sat.gob.mx/leyendasFiscales */
  LeyendasFiscales?: LeyendasFiscales
  /** Any other, as XML: it can be sealed when its cadena is known. */
  Otros?: XmlElement[]
  /** http://www.sat.gob.mx/TimbreFiscalDigital: what the PAC adds. */
  TimbreFiscalDigital?: TimbreFiscalDigital
}

/** Complemento de recepción de pagos 2.0. */
export interface Pagos {
  Version: '2.0'
  Totales: PagosTotales
  Pago: Pago[]
}

/** In MXN, two decimals; only the groups that exist. */
export interface PagosTotales {
  TotalRetencionesIVA?: string
  TotalRetencionesISR?: string
  TotalRetencionesIEPS?: string
  TotalTrasladosBaseIVA16?: string
  TotalTrasladosImpuestoIVA16?: string
  TotalTrasladosBaseIVA8?: string
  TotalTrasladosImpuestoIVA8?: string
  TotalTrasladosBaseIVA0?: string
  TotalTrasladosImpuestoIVA0?: string
  TotalTrasladosBaseIVAExento?: string
  MontoTotalPagos: string
}

export interface Pago {
  FechaPago: string
  FormaDePagoP: string
  MonedaP: string
  TipoCambioP?: string
  Monto: string
  NumOperacion?: string
  RfcEmisorCtaOrd?: string
  NomBancoOrdExt?: string
  CtaOrdenante?: string
  RfcEmisorCtaBen?: string
  CtaBeneficiario?: string
  TipoCadPago?: string
  CertPago?: string
  CadPago?: string
  SelloPago?: string
  DoctoRelacionado: DoctoRelacionado[]
  ImpuestosP?: ImpuestosP
}

export interface DoctoRelacionado {
  IdDocumento: string
  Serie?: string
  Folio?: string
  MonedaDR: string
  EquivalenciaDR?: string
  NumParcialidad: string
  ImpSaldoAnt: string
  ImpPagado: string
  ImpSaldoInsoluto: string
  ObjetoImpDR: string
  ImpuestosDR?: ImpuestosDR
}

export interface ImpuestosDR {
  RetencionesDR?: RetencionDR[]
  TrasladosDR?: TrasladoDR[]
}

export interface RetencionDR {
  BaseDR: string
  ImpuestoDR: string
  TipoFactorDR: string
  TasaOCuotaDR: string
  ImporteDR: string
}

export interface TrasladoDR {
  BaseDR: string
  ImpuestoDR: string
  TipoFactorDR: string
  TasaOCuotaDR?: string
  ImporteDR?: string
}

export interface ImpuestosP {
  RetencionesP?: { ImpuestoP: string, ImporteP: string }[]
  TrasladosP?: TrasladoP[]
}

export interface TrasladoP {
  BaseP: string
  ImpuestoP: string
  TipoFactorP: string
  TasaOCuotaP?: string
  ImporteP?: string
}

export interface ImpuestosLocales {
  version: '1.0'
  TotaldeRetenciones: string
  TotaldeTraslados: string
  RetencionesLocales?: { ImpLocRetenido: string, TasadeRetencion: string, Importe: string }[]
  TrasladosLocales?: { ImpLocTrasladado: string, TasadeTraslado: string, Importe: string }[]
}

export interface Donatarias {
  version: '1.1'
  noAutorizacion: string
  fechaAutorizacion: string
  leyenda: string
}

export interface LeyendasFiscales {
  version: '1.0'
  Leyenda: { disposicionFiscal?: string, norma?: string, textoLeyenda: string }[]
}

/** Timbre fiscal digital 1.1. */
export interface TimbreFiscalDigital {
  Version: '1.1'
  UUID: string
  FechaTimbrado: string
  RfcProvCertif: string
  Leyenda?: string
  SelloCFD: string
  NoCertificadoSAT: string
  SelloSAT: string
}
