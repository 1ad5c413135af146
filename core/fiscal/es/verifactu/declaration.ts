import type { BillingSystem } from './model.ts'

export interface Producer {
  name: string
  nif: string
  address: string
  /** Town and country, in that order. */
  place: string
  contact?: string
  website?: string
}

/**
 * The declaración responsable of the software (RD 1007/2023, art. 13; Orden HAC/1177/2024, art. 15, whose letters these are), for the
 * operator of this hub to read, correct and sign: whoever offers the software answers for it, and no program can. Plain text.
 */
export function declarationOf (system: Pick<BillingSystem, 'name' | 'id' | 'version' | 'onlyVerifactu' | 'multiple'>, { name, nif, address, place, contact, website }: Producer, on: string): string {
  const [year, month, day] = on.split('-')
  const yes = (value: boolean): string => value ? 'Sí' : 'No'
  const items: [letter: string, title: string, text: string][] = [
    ['a', 'Nombre del sistema informático', system.name],
    ['b', 'Código identificador del sistema informático', system.id],
    ['c', 'Identificador completo de la versión concreta', system.version],
    ['d', 'Componentes, hardware y software, y principales funcionalidades', 'Programa de servidor (Node.js, PostgreSQL) que se usa por su API HTTP y por una aplicación web. Expide facturas en formato Facturae 3.2.2, genera por cada una su registro de facturación de alta o de anulación en la misma transacción que le da número, los encadena por obligado tributario, los remite a la Agencia Tributaria (VERI*FACTU) o los firma y conserva con su registro de eventos (no verificable), y entrega la factura con su código QR. Incluye conservación, exportación y comprobación de los registros.'],
    ['e', 'Funciona exclusivamente como «VERI*FACTU»', yes(system.onlyVerifactu)],
    ['f', 'Permite ser usado por varios obligados tributarios o dar soporte a la facturación de varios', yes(system.multiple)],
    ['g', 'Tipos de firma de los registros cuando no se usa como «VERI*FACTU»', 'XAdES Enveloped, con política de firma de la Administración General del Estado (urn:oid:2.16.724.1.3.1.1.2.1.9), RSA-SHA256, con el certificado del obligado tributario.'],
    ['h', 'Nombre y apellidos o razón social de la entidad productora', name],
    ['i', 'NIF de la entidad productora', nif],
    ['j', 'Dirección postal completa de contacto', address],
    ['k', 'Declaración', 'La entidad productora hace constar que el sistema informático a que se refiere esta declaración, en la versión indicada en ella, cumple con lo dispuesto en el artículo 29.2.j) de la Ley 58/2003, de 17 de diciembre, General Tributaria, en el Reglamento aprobado por el Real Decreto 1007/2023, de 5 de diciembre, en la Orden HAC/1177/2024, de 17 de octubre, y en la sede electrónica de la Agencia Estatal de Administración Tributaria para todo aquello que complete las especificaciones de dicha orden.'],
    ['l', 'Fecha y lugar de suscripción', `${day}/${month}/${year}, ${place}`]
  ]
  const annex = [contact === undefined ? '' : `Otras formas de contacto: ${contact}`, website === undefined ? '' : `Dirección de internet: ${website}`].filter(line => line !== '')
  return [
    'DECLARACIÓN RESPONSABLE DEL SISTEMA INFORMÁTICO DE FACTURACIÓN', '',
    ...items.flatMap(([letter, title, text]) => [`${letter}) ${title}:`, `   ${text}`, '']),
    ...annex.length === 0 ? [] : ['ANEXO', '', ...annex, ''],
    'Firma de la entidad productora:', '', ''
  ].join('\n')
}
