import jsQR from 'jsqr'
import QRCode from 'qrcode'
import t from 'tap'
import { sealedInvoice } from '../../test/support/cfdi.ts'
import { pagesOf } from '../../test/support/pdf-text.ts'
import { isStamp } from '../adapter/sat-world.ts'
import { createSatWorld } from '../demo/sat-world.ts'
import { verificationUrl } from '../fiscal/mx/expression.ts'
import type { InvoiceDraft } from '../fiscal/mx/from-invoice.ts'
import { type PrintOptions, printCfdi } from './pdf.ts'

const world = createSatWorld()

async function stamped (changes: Partial<InvoiceDraft>) {
  const stamp = world.stamp('finkok', await sealedInvoice(changes))
  if (!isStamp(stamp)) throw new Error(`${stamp.code}: ${stamp.message}`)
  return { stamp, url: verificationUrl({ uuid: stamp.uuid, issuerRfc: stamp.issuer, receiverRfc: stamp.receiver, total: stamp.total, sello: stamp.selloCfd }) }
}

const print = async (changes: Partial<InvoiceDraft>, options: Partial<PrintOptions> = {}) => {
  const { stamp, url } = await stamped(changes)
  const pdf = await printCfdi(stamp.xml, { verificationUrl: url, ...options })
  return { stamp, url, pdf, pages: pagesOf(pdf) }
}

t.test('it says all that the document says', async t => {
  const { stamp, pages, pdf } = await print({ number: '1', payment: { method: 'PUE', form: '03', conditions: 'Contado' }, related: [{ type: '04', fiscalId: '5803EB8D-81CD-4557-8719-26632D2FA434' }] })
  t.equal(pages.length, 1)
  const [text] = pages as [string]
  for (const expected of [
    stamp.uuid, 'Factura A 1', 'ESCUELA KEMPER URGATE', 'EKU9003173C9', '601 General de Ley Personas Morales', 'INNOVACION VALOR Y DESARROLLO', 'IVD920810GU2', 'G01 Adquisición de mercancías', '63901', '42501', 'Curso de inglés & más', '86121600', 'E48 Unidad de servicio',
    '002 IVA 16 %', '100.00', '16.00', '116.00 MXN', '03 Transferencia electrónica de fondos', 'PUE Pago en una sola exhibición', 'Contado', stamp.noCertificadoCfdi, stamp.noCertificadoSat, stamp.rfcProvCertif, stamp.fechaTimbrado.replace('T', ' '),
    '04 Sustitución de los CFDI previos: 5803EB8D-81CD-4557-8719-26632D2FA434', 'Este documento es una representación impresa de un CFDI', '1/1'
  ]) t.ok(text.includes(expected), expected)
  const glued = text.replaceAll(' ', '')
  for (const seal of [stamp.selloCfd, stamp.selloSat, stamp.cadenaTfd]) t.ok(glued.includes(seal.replaceAll(' ', '')), seal.slice(0, 30))
  t.notMatch(text, /CANCELADO|PRUEBA/)
  t.equal(pdf.subarray(0, 5).toString(), '%PDF-')
})

t.test('many lines go over several pages, letter and A4, es and en, with what stands across it', async t => {
  const line = { description: 'Artículo con una descripción bastante larga que ocupa más de una línea en la hoja impresa', quantity: '1', unitPrice: '10.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { productKey: '86121600', unitKey: 'E48' } }
  const { pages } = await print({ number: '2', lines: Array.from({ length: 120 }, (_, n) => ({ ...line, sku: `SKU-${n}` })) }, { language: 'en', size: 'A4', canceled: true, test: true, footer: 'Thank you' })
  t.ok(pages.length > 3)
  const all = pages.join(' ')
  for (let n = 0; n < 120; n++) t.ok(all.includes(`SKU-${n} `), `line ${n}`)
  t.ok(pages.every((page, index) => page.includes('CANCELLED') && page.includes(`${index + 1}/${pages.length}`)))
  t.match(pages[0], /Invoice A 2.*TEST, NO FISCAL VALIDITY/)
  t.match(all, /Thank you/)
})

t.test('its QR is read back by a decoder', async t => {
  const { url } = await stamped({ number: '3' })
  const { modules } = QRCode.create(url, { errorCorrectionLevel: 'M' })
  const [scale, quiet] = [4, 4]
  const side = (modules.size + 2 * quiet) * scale
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [row, column] = [Math.floor(y / scale) - quiet, Math.floor(x / scale) - quiet]
      const dark = row >= 0 && column >= 0 && row < modules.size && column < modules.size && modules.get(row, column) === 1
      if (dark) pixels.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3)
    }
  }
  t.equal((jsQR as unknown as typeof jsQR.default)(pixels, side, side)?.data, url)
})

t.test('what is not stamped is not printed', async t => {
  await t.rejects(printCfdi(await sealedInvoice(), { verificationUrl: 'x' }), /stamped/)
})
