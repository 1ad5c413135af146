import { verifyCfdi } from '../verify.ts'
import type { Finding } from './rule.ts'

/** What a check of the seal means to a PAC. Revocation and the SAT's list of obligations (l_LCO) no document can tell. */
const codes: Readonly<Record<string, readonly [code: string, attribute: string]>> = {
  seal: ['CFDI40102', 'Sello'],
  certificate: ['CFDI40106', 'Certificado'],
  certificate_number: ['CFDI40106', 'NoCertificado'],
  certificate_holder: ['CFDI40106', 'Certificado'],
  certificate_validity: ['CFDI40106', 'Certificado']
}

/** The seal and its certificate, of a document that has one; before it is sealed there is nothing to say. */
export function sealFindings (xml: Uint8Array, zone: string): Finding[] {
  return verifyCfdi(xml, { zone }).checks.flatMap(({ name, ok, es, en }): Finding[] => {
    const [code, attribute] = codes[name] ?? []
    if (!ok && code !== undefined) return [{ code, level: 'error', path: attribute!, message: { es, en } }]
    // Without the cadena the seal cannot be looked at.
    return !ok && name === 'cadena' ? [{ code: 'CFDI40102', level: 'warning', path: 'Sello', message: { es, en } }] : []
  })
}
