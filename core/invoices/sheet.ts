import PDFDocument from 'pdfkit'

const margin = 36

export interface SheetOptions {
  size: 'LETTER' | 'A4'
  /** `#rrggbb`, for headings and lines. */
  colour: string
  title: string
  author: string
  /** At the foot of every page, before its number. */
  legend: string
  /** Printed across every page. */
  across?: string
}

export type Align = 'left' | 'right'

/** A page and the few things that a printed invoice is made of; everything below what came before, over as many pages as it takes. */
export function sheet ({ size, colour, title, author, legend, across }: SheetOptions) {
  const doc = new PDFDocument({ size, margin, bufferPages: true, info: { Title: title, Author: author } })
  const chunks: Buffer[] = []
  doc.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>(resolve => { doc.on('end', resolve) })
  const width = doc.page.width - 2 * margin
  const bottom = (): number => doc.page.height - margin - 24
  const room = (height: number): void => { if (doc.y + height > bottom()) doc.addPage() }

  const heading = (text: string): void => {
    room(44)
    doc.moveDown(0.6).font('Helvetica-Bold').fontSize(9).fillColor(colour).text(text, margin, doc.y, { width })
    doc.moveTo(margin, doc.y + 1).lineTo(margin + width, doc.y + 1).lineWidth(0.7).strokeColor(colour).stroke()
    doc.moveDown(0.35).fillColor('#000000')
  }
  /** What has no value is left out. */
  const pairs = (items: readonly (readonly [label: string, value: string])[], wide = width, x = margin): void => {
    for (const [label, value] of items.filter(([, value]) => value !== '')) {
      room(doc.font('Helvetica').fontSize(8).heightOfString(`${label}: ${value}`, { width: wide }))
      doc.font('Helvetica-Bold').fillColor('#555555').text(`${label}: `, x, doc.y, { width: wide, continued: true }).font('Helvetica').fillColor('#000000').text(value)
    }
  }
  /** Columns by their share of the width; the head comes again on each page. */
  const table = (columns: readonly (readonly [name: string, share: number, align?: Align])[], rows: readonly (readonly string[])[]): void => {
    const unit = width / columns.reduce((all, [, share]) => all + share, 0)
    const draw = (cells: readonly string[], head: boolean): void => {
      doc.font(head ? 'Helvetica-Bold' : 'Helvetica').fontSize(7.5)
      const height = Math.max(...cells.map((cell, index) => doc.heightOfString(cell || ' ', { width: columns[index]![1] * unit - 6 }))) + 4
      if (doc.y + height > bottom()) {
        doc.addPage()
        if (!head) draw(columns.map(([name]) => name), true)
        doc.font(head ? 'Helvetica-Bold' : 'Helvetica').fontSize(7.5)
      }
      const y = doc.y
      let x = margin
      for (const [index, [, share, align = 'left']] of columns.entries()) {
        doc.fillColor(head ? '#555555' : '#000000').text(cells[index] ?? '', x + 3, y + 2, { width: share * unit - 6, align })
        x += share * unit
      }
      doc.moveTo(margin, y + height).lineTo(margin + width, y + height).lineWidth(0.3).strokeColor('#bbbbbb').stroke()
      doc.y = y + height
    }
    draw(columns.map(([name]) => name), true)
    for (const row of rows) draw(row, false)
  }
  /** At the right edge; the last one larger. */
  const sums = (items: readonly (readonly [label: string, value: string])[]): void => {
    room(items.length * 11 + 10)
    for (const [index, [label, value]] of items.entries()) {
      const last = index === items.length - 1
      const y = doc.y
      doc.font(last ? 'Helvetica-Bold' : 'Helvetica').fontSize(last ? 10 : 8).fillColor('#000000').text(label, margin + width / 2, y, { width: width / 2 - 110 }).text(value, margin + width - 110, y, { width: 110, align: 'right' })
      doc.y = y + (last ? 14 : 11)
    }
  }
  const end = async (): Promise<Buffer> => {
    const { count } = doc.bufferedPageRange()
    for (let page = 0; page < count; page++) {
      doc.switchToPage(page)
      doc.page.margins.bottom = 0
      doc.font('Helvetica').fontSize(7).fillColor('#555555').text(`${legend}   ${page + 1}/${count}`, margin, doc.page.height - margin - 8, { width, align: 'center', lineBreak: false })
      if (across !== undefined) doc.save().rotate(-35, { origin: [doc.page.width / 2, doc.page.height / 2] }).font('Helvetica-Bold').fontSize(60).fillColor('#b00020', 0.18).text(across, 0, doc.page.height / 2 - 30, { width: doc.page.width, align: 'center', lineBreak: false }).restore()
    }
    doc.end()
    await ended
    return Buffer.concat(chunks)
  }
  return { doc, margin, width, room, heading, pairs, table, sums, end }
}
