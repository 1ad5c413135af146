import { cfdi, donat, iedu, implocal, leyendas, pagos, tfd } from './namespaces.ts'

/**
 * How the model lies in the XML: the attributes of each element and its children in the order that the schema fixes. Writing,
 * reading and the check for what does not belong are all driven by it. Source: cfdv40.xsd, Pagos20.xsd, implocal.xsd, donat11.xsd,
 * leyendasFisc.xsd, iedu.xsd and TimbreFiscalDigitalv11.xsd, 2026-08.
 */
export interface Shape {
  name: string
  namespace: string
  attributes: readonly ShapeAttribute[]
  children: readonly Child[]
  /** Its children are complements: known ones by name, others as they are. */
  open?: true
}

export interface ShapeAttribute { name: string, required: boolean }

export interface Child {
  /** The property of the model, and the name of the element or of the wrapper around a list. */
  key: string
  shape: Shape
  many: boolean
  /** The list stands inside an element named by `key`. */
  wrapped: boolean
  required: boolean
}

/** `Rfc! Nombre! FacAtrAdquirente`: the mark says required. */
function shape (namespace: string, name: string, attributes: string, children: readonly Child[] = []): Shape {
  return { name, namespace, attributes: attributes.split(' ').filter(word => word !== '').map(word => ({ name: word.replace('!', ''), required: word.endsWith('!') })), children }
}

function one (shape: Shape, required = false): Child {
  return { key: shape.name, shape, many: false, wrapped: false, required }
}

function many (shape: Shape, required = false): Child {
  return { key: shape.name, shape, many: true, wrapped: false, required }
}

function list (key: string, shape: Shape, required = false): Child {
  return { key, shape, many: true, wrapped: true, required }
}

const inCfdi = (name: string, attributes: string, children?: readonly Child[]): Shape => shape(cfdi, name, attributes, children)
const inPagos = (name: string, attributes: string, children?: readonly Child[]): Shape => shape(pagos, name, attributes, children)

const traslado = inCfdi('Traslado', 'Base! Impuesto! TipoFactor! TasaOCuota Importe')
const informacionAduanera = inCfdi('InformacionAduanera', 'NumeroPedimento!')

const pagosShape = inPagos('Pagos', 'Version!', [
  one(inPagos('Totales', 'TotalRetencionesIVA TotalRetencionesISR TotalRetencionesIEPS TotalTrasladosBaseIVA16 TotalTrasladosImpuestoIVA16 ' +
    'TotalTrasladosBaseIVA8 TotalTrasladosImpuestoIVA8 TotalTrasladosBaseIVA0 TotalTrasladosImpuestoIVA0 TotalTrasladosBaseIVAExento MontoTotalPagos!'), true),
  many(inPagos('Pago', 'FechaPago! FormaDePagoP! MonedaP! TipoCambioP Monto! NumOperacion RfcEmisorCtaOrd NomBancoOrdExt CtaOrdenante RfcEmisorCtaBen ' +
    'CtaBeneficiario TipoCadPago CertPago CadPago SelloPago', [
    many(inPagos('DoctoRelacionado', 'IdDocumento! Serie Folio MonedaDR! EquivalenciaDR NumParcialidad! ImpSaldoAnt! ImpPagado! ImpSaldoInsoluto! ObjetoImpDR!', [
      one(inPagos('ImpuestosDR', '', [
        list('RetencionesDR', inPagos('RetencionDR', 'BaseDR! ImpuestoDR! TipoFactorDR! TasaOCuotaDR! ImporteDR!')),
        list('TrasladosDR', inPagos('TrasladoDR', 'BaseDR! ImpuestoDR! TipoFactorDR! TasaOCuotaDR ImporteDR'))
      ]))
    ]), true),
    one(inPagos('ImpuestosP', '', [
      list('RetencionesP', inPagos('RetencionP', 'ImpuestoP! ImporteP!')),
      list('TrasladosP', inPagos('TrasladoP', 'BaseP! ImpuestoP! TipoFactorP! TasaOCuotaP ImporteP'))
    ]))
  ]), true)
])

/** The known complements in the order in which they are written; the timbre comes last. */
const complemento: Shape = {
  ...inCfdi('Complemento', '', [
    one(pagosShape),
    one(shape(implocal, 'ImpuestosLocales', 'version! TotaldeRetenciones! TotaldeTraslados!', [
      many(shape(implocal, 'RetencionesLocales', 'ImpLocRetenido! TasadeRetencion! Importe!')),
      many(shape(implocal, 'TrasladosLocales', 'ImpLocTrasladado! TasadeTraslado! Importe!'))
    ])),
    one(shape(donat, 'Donatarias', 'version! noAutorizacion! fechaAutorizacion! leyenda!')),
    one(shape(leyendas, 'LeyendasFiscales', 'version!', [many(shape(leyendas, 'Leyenda', 'disposicionFiscal norma textoLeyenda!'), true)])),
    one(shape(tfd, 'TimbreFiscalDigital', 'Version! UUID! FechaTimbrado! RfcProvCertif! Leyenda SelloCFD! NoCertificadoSAT! SelloSAT!'))
  ]),
  open: true
}

const complementoConcepto: Shape = {
  ...inCfdi('ComplementoConcepto', '', [one(shape(iedu, 'instEducativas', 'version! nombreAlumno! CURP! nivelEducativo! autRVOE! rfcPago'))]),
  open: true
}

export const comprobanteShape = inCfdi('Comprobante', 'Version! Serie Folio Fecha! Sello FormaPago NoCertificado Certificado CondicionesDePago SubTotal! Descuento Moneda! TipoCambio ' +
  'Total! TipoDeComprobante! Exportacion! MetodoPago LugarExpedicion! Confirmacion', [
  one(inCfdi('InformacionGlobal', 'Periodicidad! Meses! Año!')),
  many(inCfdi('CfdiRelacionados', 'TipoRelacion!', [many(inCfdi('CfdiRelacionado', 'UUID!'), true)])),
  one(inCfdi('Emisor', 'Rfc! Nombre! RegimenFiscal! FacAtrAdquirente'), true),
  one(inCfdi('Receptor', 'Rfc! Nombre! DomicilioFiscalReceptor! ResidenciaFiscal NumRegIdTrib RegimenFiscalReceptor! UsoCFDI!'), true),
  list('Conceptos', inCfdi('Concepto', 'ClaveProdServ! NoIdentificacion Cantidad! ClaveUnidad! Unidad Descripcion! ValorUnitario! Importe! Descuento ObjetoImp!', [
    // Here Traslados come first, in the document they come last: the schema has it so.
    one(inCfdi('Impuestos', '', [
      list('Traslados', traslado),
      list('Retenciones', inCfdi('Retencion', 'Base! Impuesto! TipoFactor! TasaOCuota! Importe!'))
    ])),
    one(inCfdi('ACuentaTerceros', 'RfcACuentaTerceros! NombreACuentaTerceros! RegimenFiscalACuentaTerceros! DomicilioFiscalACuentaTerceros!')),
    many(informacionAduanera),
    many(inCfdi('CuentaPredial', 'Numero!')),
    one(complementoConcepto),
    many(inCfdi('Parte', 'ClaveProdServ! NoIdentificacion Cantidad! Unidad Descripcion! ValorUnitario Importe', [many(informacionAduanera)]))
  ]), true),
  one(inCfdi('Impuestos', 'TotalImpuestosRetenidos TotalImpuestosTrasladados', [
    list('Retenciones', inCfdi('Retencion', 'Impuesto! Importe!')),
    list('Traslados', traslado)
  ])),
  one(complemento)
])
