import { buildComprobante } from '../core/fiscal/ec/build.ts'
import { buildFacturae } from '../core/fiscal/es/build.ts'
import { facturaeProfile, sriProfile } from '../core/fiscal/xades/profiles.ts'
import { signXades } from '../core/fiscal/xades/sign.ts'
import { signVerified, verifyXades } from '../core/fiscal/xades/verify.ts'
import { xmlFile } from '../core/fiscal/xml/written.ts'
import { toTheTown } from '../core/fiscal/es/fixtures/invoices.ts'
import { numbered, sampleInvoice } from '../core/fiscal/ec/fixtures/arbitrary.ts'
import { testSigner } from '../core/fiscal/xades/fixtures/signer.ts'
import { madeKey, makeP12 } from '../test/support/csd.ts'
import { closedLoop, type Result, round } from './support.ts'
import { byEcSriInvoiceSigner, byXmlCrypto, holds } from './xades-others.ts'

/**
 * (6) XAdES: how many comprobantes and Facturae are built and signed in a second, against nothing but the signatures, and beside
 * other libraries that sign the same documents; how many are verified, and how many pass through both.
 */
export async function xades (): Promise<Result[]> {
  const signer = testSigner()
  const { privateKey } = madeKey('xades leaf xades')
  const at = new Date('2026-11-21T10:00:00Z')
  const [sri, facturae] = [numbered(sampleInvoice()), toTheTown()]
  const forSri = { at, zone: 'America/Guayaquil', id: 'bench' }
  const forFacturae = { at, zone: 'Europe/Madrid', id: 'bench' }
  const bytes = Buffer.alloc(1000, 'x')
  const signed = { sri: await signXades(buildComprobante(sri), sriProfile(), signer, forSri), facturae: await signXades(buildFacturae(facturae), facturaeProfile(), signer, forFacturae) }
  const text = (document: Parameters<typeof xmlFile>[0]): string => xmlFile(document).toString()
  const others = {
    sri: byXmlCrypto(signed.sri.toString(), sriProfile(), privateKey),
    facturae: byXmlCrypto(signed.facturae.toString(), facturaeProfile(), privateKey),
    ecSri: byEcSriInvoiceSigner(makeP12({ pairs: [{ key: privateKey, certificate: signer.certificate as Buffer }], passphrase: 'x' }), 'x')
  }
  for (const other of [others.sri(text(buildComprobante(sri))), others.facturae(text(buildFacturae(facturae)))]) if (!holds(other, signer.certificate)) throw new Error('xml-crypto does not verify what it signed')
  const calls = {
    signatures: async () => { await signer.sign(bytes, 'RSA-SHA256') },
    sri: async () => { await signXades(buildComprobante(sri), sriProfile(), signer, forSri) },
    facturae: async () => { await signXades(buildFacturae(facturae), facturaeProfile(), signer, forFacturae) },
    sri_through_the_gate: async () => { await signVerified(buildComprobante(sri), sriProfile(), signer, forSri) },
    facturae_through_the_gate: async () => { await signVerified(buildFacturae(facturae), facturaeProfile(), signer, forFacturae) },
    sri_verified: async () => { await verifyXades(signed.sri) },
    facturae_verified: async () => { await verifyXades(signed.facturae) },
    // The same documents, by the same builders.
    sri_by_xml_crypto: async () => { others.sri(text(buildComprobante(sri))) },
    facturae_by_xml_crypto: async () => { others.facturae(text(buildFacturae(facturae))) },
    sri_by_ec_sri_invoice_signer: async () => { others.ecSri(text(buildComprobante(sri))) }
  }
  const perSecond: Record<string, number> = {}
  // Interleaved, so that what else the machine does falls on all alike.
  for (let turn = 0; turn < 4; turn++) {
    for (const [name, call] of Object.entries(calls)) {
      const measured = await closedLoop({ concurrency: 1, seconds: turn === 0 ? 0.5 : 1, call })
      if (turn > 0) perSecond[name] = (perSecond[name] ?? 0) + measured / 3
    }
  }
  const each = perSecond as Record<keyof typeof calls, number>
  const baseline = 'RSA-2048 signatures with node:crypto, one after another'
  const beside = (name: string, ours: number, theirs: number, library: string): Result => ({ name: `${name}: build and sign ÷ ${library}`, baseline: `${library} on the same documents`, value: round(ours / theirs, 1), unit: '×', detail: { signed_per_second: round(ours, 0), theirs_per_second: round(theirs, 1) } })
  return [
    { name: 'SRI: build and sign ÷ signatures', baseline, value: round(each.sri / each.signatures), unit: '×', aim: '≥ 0.7', detail: { signatures_per_second: round(each.signatures, 0), signed_per_second: round(each.sri, 0), through_the_gate_per_second: round(each.sri_through_the_gate, 0), verified_per_second: round(each.sri_verified, 0), bytes: signed.sri.length } },
    { name: 'Facturae: build and sign ÷ signatures', baseline, value: round(each.facturae / each.signatures), unit: '×', aim: '≥ 0.7', detail: { signed_per_second: round(each.facturae, 0), through_the_gate_per_second: round(each.facturae_through_the_gate, 0), verified_per_second: round(each.facturae_verified, 0), bytes: signed.facturae.length } },
    beside('SRI', each.sri, each.sri_by_xml_crypto, 'xml-crypto'),
    beside('SRI', each.sri, each.sri_by_ec_sri_invoice_signer, 'ec-sri-invoice-signer'),
    beside('Facturae', each.facturae, each.facturae_by_xml_crypto, 'xml-crypto')
  ]
}
