/** Codes of the Facturae 3.2.2 schema (Esquema_0_3_2_2_20200304, facturae.gob.es, read 2026-11-20). */
export const facturae322 = 'http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml'

/** TaxTypeCode by the name that people use. RE, the recargo de equivalencia, stands beside an IVA and has no code of its own. */
export const taxCodes: Readonly<Record<string, string>> = {
  IVA: '01', IPSI: '02', IGIC: '03', IRPF: '04', OTRO: '05', ITPAJD: '06', IE: '07', RA: '08', IGTECM: '09', IECDPCAC: '10', IIIMAB: '11', ICIO: '12', IMVDN: '13', IMSN: '14', IMGSN: '15', IMPN: '16',
  REIVA: '17', REIGIC: '18', REIPSI: '19', IPS: '20', RLEA: '21', IVPEE: '22', IDEC: '25', IGFEI: '27', IRNR: '28', IS: '29'
}

export const surcharge = 'RE'

export function taxCode (type: string): string | undefined {
  if (/^(?:0[1-9]|1\d|2\d)$/.test(type)) return type
  return taxCodes[type.toUpperCase()]
}

export const taxName = (code: string): string => Object.entries(taxCodes).find(([, known]) => known === code)?.[0] ?? code

/** ReasonCode with the text that must stand beside it. */
export const correctionReasons: Readonly<Record<string, string>> = {
  '01': 'Número de la factura', '02': 'Serie de la factura', '03': 'Fecha expedición', '04': 'Nombre y apellidos/Razón Social-Emisor', '05': 'Nombre y apellidos/Razón Social-Receptor',
  '06': 'Identificación fiscal Emisor/obligado', '07': 'Identificación fiscal Receptor', '08': 'Domicilio Emisor/Obligado', '09': 'Domicilio Receptor', 10: 'Detalle Operación', 11: 'Porcentaje impositivo a aplicar',
  12: 'Cuota tributaria a aplicar', 13: 'Fecha/Periodo a aplicar', 14: 'Clase de factura', 15: 'Literales legales', 16: 'Base imponible', 80: 'Cálculo de cuotas repercutidas', 81: 'Cálculo de cuotas retenidas',
  82: 'Base imponible modificada por devolución de envases / embalajes', 83: 'Base imponible modificada por descuentos y bonificaciones', 84: 'Base imponible modificada por resolución firme, judicial o administrativa',
  85: 'Base imponible modificada cuotas repercutidas no satisfechas. Auto de declaración de concurso'
}

export const correctionMethods: Readonly<Record<string, string>> = {
  '01': 'Rectificación íntegra', '02': 'Rectificación por diferencias', '03': 'Rectificación por descuento por volumen de operaciones durante un periodo', '04': 'Autorizadas por la Agencia Tributaria'
}

export const paymentMeans: Readonly<Record<string, string>> = {
  '01': 'Al contado', '02': 'Recibo domiciliado', '03': 'Recibo', '04': 'Transferencia', '05': 'Letra aceptada', '06': 'Crédito documentario', '07': 'Contrato adjudicación', '08': 'Letra de cambio', '09': 'Pagaré a la orden',
  10: 'Pagaré no a la orden', 11: 'Cheque', 12: 'Reposición', 13: 'Especiales', 14: 'Compensación', 15: 'Giro postal', 16: 'Cheque conformado', 17: 'Cheque bancario', 18: 'Pago contra reembolso', 19: 'Pago mediante tarjeta'
}

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

export const alpha3 = (alpha2: string): string | undefined => countries.get(alpha2)

/** In 2026. Their residents are `U`. */
const union = new Set('AT BE BG CY CZ DE DK EE FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '))

export function residenceOf (country: string): 'R' | 'U' | 'E' {
  return country === 'ES' ? 'R' : union.has(country) ? 'U' : 'E'
}
