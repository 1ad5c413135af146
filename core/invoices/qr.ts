import QRCode from 'qrcode'

/** A QR code as vectors: sharp at any size. Level M (ISO/IEC 18004). `side` in points, with `quiet` modules of white around it. */
export function drawQr (doc: PDFKit.PDFDocument, text: string, { x, y, side, quiet = 2 }: { x: number, y: number, side: number, quiet?: number }): void {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' })
  const one = side / (modules.size + 2 * quiet)
  doc.save().fillColor('#000000')
  for (let row = 0; row < modules.size; row++) {
    for (let column = 0; column < modules.size; column++) {
      if (modules.get(row, column) === 1) doc.rect(x + (column + quiet) * one, y + (row + quiet) * one, one + 0.05, one + 0.05)
    }
  }
  doc.fill().restore()
}
