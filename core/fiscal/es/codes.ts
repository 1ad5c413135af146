import { codeTable } from '../code-table.ts'

/** Codes of the Facturae 3.2.2 schema (Esquema_0_3_2_2_20200304, facturae.gob.es, read 2026-11-20). */
export const facturae322 = 'http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml'

/** TaxTypeCode by the name that people use. RE, the recargo de equivalencia, stands beside an IVA and has no code of its own. */
export const taxCodes = codeTable<Record<string, string>>({
  IVA: '01', IPSI: '02', IGIC: '03', IRPF: '04', OTRO: '05', ITPAJD: '06', IE: '07', RA: '08', IGTECM: '09', IECDPCAC: '10', IIIMAB: '11', ICIO: '12', IMVDN: '13', IMSN: '14', IMGSN: '15', IMPN: '16',
  REIVA: '17', REIGIC: '18', REIPSI: '19', IPS: '20', RLEA: '21', IVPEE: '22', IDEC: '25', IGFEI: '27', IRNR: '28', IS: '29'
})

export const surcharge = 'RE'

export function taxCode (type: string): string | undefined {
  if (/^(?:0[1-9]|1\d|2\d)$/.test(type)) return type
  return taxCodes[type.toUpperCase()]
}

/** What a TaxTypeCode stands for, in the schema's words. */
export const taxTexts = codeTable<Record<string, string>>({
  '01': 'IVA: Impuesto sobre el valor añadido', '02': 'IPSI: Impuesto sobre la producción, los servicios y la importación', '03': 'IGIC: Impuesto general indirecto de Canarias', '04': 'IRPF: Impuesto sobre la Renta de las personas físicas', '05': 'Otro',
  '06': 'ITPAJD: Impuesto sobre transmisiones patrimoniales y actos jurídicos documentados', '07': 'IE: Impuestos especiales', '08': 'RA: Renta aduanas', '09': 'IGTECM: Impuesto general sobre el tráfico de empresas que se aplica en Ceuta y Melilla',
  10: 'IECDPCAC: Impuesto especial sobre los combustibles derivados del petróleo en la Comunidad Autónoma Canaria', 11: 'IIIMAB: Impuesto sobre las instalaciones que inciden sobre el medio ambiente en las Baleares', 12: 'ICIO: Impuesto sobre las construcciones, instalaciones y obras',
  13: 'IMVDN: Impuesto municipal sobre las viviendas desocupadas en Navarra', 14: 'IMSN: Impuesto municipal sobre solares en Navarra', 15: 'IMGSN: Impuesto municipal sobre gastos suntuarios en Navarra', 16: 'IMPN: Impuesto municipal sobre publicidad en Navarra',
  17: 'REIVA: Régimen especial de IVA para agencias de viajes', 18: 'REIGIC: Régimen especial de IGIC para agencias de viajes', 19: 'REIPSI: Régimen especial de IPSI para agencias de viajes', 20: 'IPS: Impuesto sobre las primas de seguros',
  21: 'RLEA: Recargo destinado a financiar las funciones de liquidación de entidades aseguradoras', 22: 'IVPEE: Impuesto sobre el valor de la producción de la energía eléctrica',
  23: 'Impuesto sobre la producción de combustible nuclear gastado y residuos radiactivos resultantes de la generación de energía nucleoeléctrica', 24: 'Impuesto sobre el almacenamiento de combustible nuclear gastado y residuos radioactivos en instalaciones centralizadas',
  25: 'IDEC: Impuesto sobre los depósitos en las entidades de crédito', 26: 'Impuesto sobre las labores del tabaco en la Comunidad Autónoma de Canarias', 27: 'IGFEI: Impuesto sobre los gases fluorados de efecto invernadero', 28: 'IRNR: Impuesto sobre la Renta de no residentes', 29: 'IS: Impuesto sobre sociedades'
})

export const taxName = (code: string): string => Object.entries(taxCodes).find(([, known]) => known === code)?.[0] ?? code

/** ReasonCode with the text that must stand beside it. */
export const correctionReasons = codeTable<Record<string, string>>({
  '01': 'Número de la factura', '02': 'Serie de la factura', '03': 'Fecha expedición', '04': 'Nombre y apellidos/Razón Social-Emisor', '05': 'Nombre y apellidos/Razón Social-Receptor',
  '06': 'Identificación fiscal Emisor/obligado', '07': 'Identificación fiscal Receptor', '08': 'Domicilio Emisor/Obligado', '09': 'Domicilio Receptor', 10: 'Detalle Operación', 11: 'Porcentaje impositivo a aplicar',
  12: 'Cuota tributaria a aplicar', 13: 'Fecha/Periodo a aplicar', 14: 'Clase de factura', 15: 'Literales legales', 16: 'Base imponible', 80: 'Cálculo de cuotas repercutidas', 81: 'Cálculo de cuotas retenidas',
  82: 'Base imponible modificada por devolución de envases / embalajes', 83: 'Base imponible modificada por descuentos y bonificaciones', 84: 'Base imponible modificada por resolución firme, judicial o administrativa',
  85: 'Base imponible modificada cuotas repercutidas no satisfechas. Auto de declaración de concurso'
})

export const correctionMethods = codeTable<Record<string, string>>({
  '01': 'Rectificación íntegra', '02': 'Rectificación por diferencias', '03': 'Rectificación por descuento por volumen de operaciones durante un periodo', '04': 'Autorizadas por la Agencia Tributaria'
})

export const paymentMeans = codeTable<Record<string, string>>({
  '01': 'Al contado', '02': 'Recibo domiciliado', '03': 'Recibo', '04': 'Transferencia', '05': 'Letra aceptada', '06': 'Crédito documentario', '07': 'Contrato adjudicación', '08': 'Letra de cambio', '09': 'Pagaré a la orden',
  10: 'Pagaré no a la orden', 11: 'Cheque', 12: 'Reposición', 13: 'Especiales', 14: 'Compensación', 15: 'Giro postal', 16: 'Cheque conformado', 17: 'Cheque bancario', 18: 'Pago contra reembolso', 19: 'Pago mediante tarjeta'
})

/** UnitOfMeasure. */
export const unitsOfMeasure = codeTable<Record<string, string>>({
  '01': 'Unidades', '02': 'Horas', '03': 'Kilogramos', '04': 'Litros', '05': 'Otros', '06': 'Cajas', '07': 'Bandejas', '08': 'Barriles', '09': 'Bidones', 10: 'Bolsas', 11: 'Bombonas', 12: 'Botellas', 13: 'Botes', 14: 'Tetra Briks', 15: 'Centilitros', 16: 'Centímetros', 17: 'Cubos', 18: 'Docenas',
  19: 'Estuches', 20: 'Garrafas', 21: 'Gramos', 22: 'Kilómetros', 23: 'Latas', 24: 'Manojos', 25: 'Metros', 26: 'Milímetros', 27: '6-Packs', 28: 'Paquetes', 29: 'Raciones', 30: 'Rollos', 31: 'Sobres', 32: 'Tarrinas', 33: 'Metros cúbicos', 34: 'Segundos', 35: 'Vatios', 36: 'Kilovatios por hora'
})

/** SpecialTaxableEventCode. */
export const specialEvents = codeTable<Record<string, string>>({ '01': 'Operación sujeta y exenta', '02': 'Operación no sujeta' })

/** RoleTypeCode of the public bodies that a buyer is billed by, in FACe's words (Orden HAP/492/2014): it asks for the first three. */
export const centreRoles = codeTable<Record<string, string>>({ '01': 'Oficina contable', '02': 'Órgano gestor', '03': 'Unidad tramitadora', '04': 'Órgano proponente' })
/** A code of DIR3, the directory of public bodies: `L01280796`, `LA0007407`. */
export const dir3Shape = /^[A-Z0-9]{6,10}$/

export const attachmentFormats = ['xml', 'doc', 'gif', 'rtf', 'pdf', 'xls', 'jpg', 'bmp', 'tiff', 'html'] as const

/** Provinces by the first two digits of a postal code, as they fit into the 20 characters of Province. */
const provinces = [
  '', 'Álava', 'Albacete', 'Alicante', 'Almería', 'Ávila', 'Badajoz', 'Illes Balears', 'Barcelona', 'Burgos', 'Cáceres', 'Cádiz', 'Castellón', 'Ciudad Real', 'Córdoba', 'A Coruña', 'Cuenca', 'Girona', 'Granada', 'Guadalajara', 'Gipuzkoa',
  'Huelva', 'Huesca', 'Jaén', 'León', 'Lleida', 'La Rioja', 'Lugo', 'Madrid', 'Málaga', 'Murcia', 'Navarra', 'Ourense', 'Asturias', 'Palencia', 'Las Palmas', 'Pontevedra', 'Salamanca', 'S.C. de Tenerife', 'Cantabria', 'Segovia', 'Sevilla',
  'Soria', 'Tarragona', 'Teruel', 'Toledo', 'Valencia', 'Valladolid', 'Bizkaia', 'Zamora', 'Zaragoza', 'Ceuta', 'Melilla'
]

/** Undefined for what is no Spanish postal code. */
export function provinceOf (postalCode: string): string | undefined {
  return /^\d{5}$/.test(postalCode) ? provinces[Number(postalCode.slice(0, 2))] || undefined : undefined
}

/** ISO 3166-1: alpha-2 and alpha-3, those that the schema knows. */
const countries = new Map('AFAFG ALALB DZDZA ASASM ADAND AOAGO AIAIA AGATG ARARG AMARM AWABW AUAUS ATAUT AZAZE BSBHS BHBHR BDBGD BBBRB BYBLR BEBEL BZBLZ BJBEN BMBMU BTBTN BOBOL BABIH BWBWA BRBRA BNBRN BGBGR BFBFA BIBDI KHKHM CMCMR CACAN CVCPV KYCYM CFCAF TDTCD CLCHL CNCHN COCOL KMCOM CGCOG CDCOD CKCOK CRCRI CICIV HRHRV CUCUB CYCYP CZCZE DKDNK DJDJI DMDMA DODOM ECECU EGEGY SVSLV GQGNQ ERERI EEEST ETETH FKFLK FOFRO FJFJI FIFIN FRFRA GFGUF PFPYF GAGAB GMGMB GEGEO GGGGY DEDEU GHGHA GIGIB GRGRC GLGRL GDGRD GPGLP GUGUM GTGTM GNGIN GWGNB GYGUY HTHTI HNHND HKHKG HUHUN ISISL ININD IDIDN IMIMN IRIRN IQIRQ IEIRL ILISR ITITA JMJAM JEJEY JPJPN JOJOR KZKAZ KEKEN KIKIR KPPRK KRKOR KWKWT KGKGZ LALAO LVLVA LBLBN LSLSO LRLBR LYLBY LILIE LTLTU LULUX MOMAC MKMKD MGMDG MWMWI MYMYS MVMDV MLMLI MTMLT MHMHL MQMTQ MRMRT MUMUS YTMYT MXMEX FMFSM MDMDA MCMCO MNMNG MEMNE MSMSR MAMAR MZMOZ MMMMR NANAM NRNRU NPNPL NLNLD NCNCL NZNZL NINIC NENER NGNGA NUNIU NFNFK MPMNP NONOR OMOMN PKPAK PWPLW PSPSE PAPAN PGPNG PYPRY PEPER PHPHL PNPCN PLPOL PTPRT PRPRI QAQAT REREU ROROU RURUS RWRWA KNKNA LCLCA VCVCT WSWSM SMSMR STSTP SASAU SNSEN RSSRB SCSYC SLSLE SGSGP SKSVK SISVN SBSLB SOSOM ZAZAF ESESP LKLKA SHSHN PMSPM SDSDN SRSUR SJSJM SZSWZ SESWE CHCHE SYSYR TWTWN TJTJK TZTZA THTHA TLTLS TGTGO TKTKL TOTON TTTTO TNTUN TRTUR TMTKM TCTCA TVTUV UGUGA UAUKR AEARE GBGBR USUSA UYURY UZUZB VUVUT VAVAT VEVEN VNVNM VGVGB VIVIR WFWLF EHESH YEYEM ZMZMB ZWZWE'.split(' ').map(pair => [pair.slice(0, 2), pair.slice(2)] as const))

/** Alpha-2 and alpha-3 of every country that the schema knows. */
export const countryCodes = (): [alpha2: string, alpha3: string][] => [...countries]

export const alpha3 = (alpha2: string): string | undefined => countries.get(alpha2)

/** In 2026. Their residents are `U`. */
const union = new Set('AT BE BG CY CZ DE DK EE FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '))

export function residenceOf (country: string): 'R' | 'U' | 'E' {
  return country === 'ES' ? 'R' : union.has(country) ? 'U' : 'E'
}
