import { type Command, Refused } from './command.ts'
import { languageOf, readInput } from './files.ts'

export const cadena: Command = {
  name: 'cadena',
  group: 'Files',
  summary: 'Write the cadena original of a CFDI 4.0',
  about: [
    'Takes CFDI 4.0 as XML, sealed or not, and writes what its Sello signs: the exact bytes, in UTF-8, without a line end (several files are divided by one). With --tfd it is the cadena of the timbre, which the PAC signs.',
    'A complement whose cadena is not known is named and refused, never left out. It needs no server and no database.'
  ],
  args: { name: 'FILE', min: 1, max: 10_000 },
  options: { tfd: { help: 'of the timbre fiscal digital' } },
  examples: [
    { line: 'cadena factura.xml', what: 'of the CFDI' },
    { line: 'cadena *.xml --json', what: 'one JSON object a file: {file, ok, cadena}' }
  ],
  run: async call => {
    const [{ parseXml, XmlError }, { cadenaOriginal, cadenaTfd }, { timbreOf }, { FiscalError }] = await Promise.all([
      import('../fiscal/xml/parse.ts'), import('../fiscal/mx/cadena.ts'), import('../fiscal/mx/seal.ts'), import('../fiscal/errors.ts')
    ])
    const language = languageOf(call.env)
    const ofTimbre = call.values.tfd === true
    let written = 0
    let good = true
    for (const file of call.args) {
      try {
        const { root } = parseXml(await readInput(file))
        const whole = cadenaOriginal(root)
        const timbre = ofTimbre ? timbreOf(root) : undefined
        if (ofTimbre && timbre === undefined) throw new Refused(language === 'es' ? 'No está timbrado.' : 'It is not stamped.')
        const found = timbre === undefined ? whole : cadenaTfd(timbre)
        call.out.write(`${written++ > 0 ? '\n' : ''}${found}`)
        call.out.json({ file, ok: true, cadena: found })
      } catch (error) {
        const said = error instanceof FiscalError ? error.text[language] : error instanceof XmlError || error instanceof Refused ? error.message : undefined
        if (said === undefined) throw error
        good = false
        call.out.json({ file, ok: false, error: said })
        call.out.note(`${file}: ${said}`)
      }
    }
    return good ? 0 : 1
  }
}
