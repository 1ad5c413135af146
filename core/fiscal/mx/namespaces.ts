/** Namespaces, the prefixes that the SAT prescribes, and where it publishes the schemas. Source: Anexo 20 and each XSD, 2026-08. */
export const cfdi = 'http://www.sat.gob.mx/cfd/4'
export const pagos = 'http://www.sat.gob.mx/Pagos20'
export const implocal = 'http://www.sat.gob.mx/implocal'
export const donat = 'http://www.sat.gob.mx/donat'
export const leyendas = 'http://www.sat.gob.mx/leyendasFiscales'
export const iedu = 'http://www.sat.gob.mx/iedu'
export const tfd = 'http://www.sat.gob.mx/TimbreFiscalDigital'
export const xsi = 'http://www.w3.org/2001/XMLSchema-instance'

/** Namespace after http://www.sat.gob.mx/, prefix, schema after http://www.sat.gob.mx/sitio_internet/cfd/. */
const table = `
  cfd/4 cfdi 4/cfdv40.xsd
  TimbreFiscalDigital tfd TimbreFiscalDigital/TimbreFiscalDigitalv11.xsd
  Pagos20 pago20 Pagos/Pagos20.xsd
  implocal implocal implocal/implocal.xsd
  donat donat donat/donat11.xsd
  leyendasFiscales leyendasFisc leyendasFiscales/leyendasFisc.xsd
  iedu iedu iedu/iedu.xsd
  divisas divisas divisas/divisas.xsd
  pfic pfic pfic/pfic.xsd
  TuristaPasajeroExtranjero tpe TuristaPasajeroExtranjero/TuristaPasajeroExtranjero.xsd
  nomina12 nomina12 nomina/nomina12.xsd
  registrofiscal registrofiscal cfdiregistrofiscal/cfdiregistrofiscal.xsd
  pagoenespecie pagoenespecie pagoenespecie/pagoenespecie.xsd
  aerolineas aerolineas aerolineas/aerolineas.xsd
  valesdedespensa valesdedespensa valesdedespensa/valesdedespensa.xsd
  notariospublicos notariospublicos notariospublicos/notariospublicos.xsd
  vehiculousado vehiculousado vehiculousado/vehiculousado.xsd
  servicioparcialconstruccion servicioparcial servicioparcialconstruccion/servicioparcialconstruccion.xsd
  renovacionysustitucionvehiculos decreto renovacionysustitucionvehiculos/renovacionysustitucionvehiculos.xsd
  certificadodestruccion destruccion certificadodestruccion/certificadodedestruccion.xsd
  arteantiguedades obrasarte arteantiguedades/obrasarteantiguedades.xsd
  ComercioExterior11 cce11 ComercioExterior11/ComercioExterior11.xsd
  ComercioExterior20 cce20 ComercioExterior20/ComercioExterior20.xsd
  ine ine ine/ine11.xsd
  ventavehiculos ventavehiculos ventavehiculos/ventavehiculos11.xsd
  detallista detallista detallista/detallista.xsd
  EstadoDeCuentaCombustible12 ecc12 EstadoDeCuentaCombustible/ecc12.xsd
  ConsumoDeCombustibles11 consumodecombustibles11 consumodecombustibles/consumodeCombustibles11.xsd
  GastosHidrocarburos10 gceh GastosHidrocarburos10/GastosHidrocarburos10.xsd
  IngresosHidrocarburos10 ieeh IngresosHidrocarburos10/IngresosHidrocarburos.xsd
  CartaPorte20 cartaporte20 CartaPorte/CartaPorte20.xsd
  CartaPorte30 cartaporte30 CartaPorte/CartaPorte30.xsd
  CartaPorte31 cartaporte31 CartaPorte/CartaPorte31.xsd
  hidrocarburospetroliferos hidrocarburospetroliferos hidrocarburospetroliferos.xsd
`

export const namespaces: ReadonlyMap<string, { prefix: string, schema: string }> = new Map(table.trim().split('\n').map(line => {
  const [name, prefix, schema] = line.trim().split(' ') as [string, string, string]
  return [`http://www.sat.gob.mx/${name}`, { prefix, schema: `http://www.sat.gob.mx/sitio_internet/cfd/${schema}` }]
}))
