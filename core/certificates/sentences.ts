import type { LocalText } from '../adapter/context.ts'

/** What the pre-flight says, one clear sentence each, with what to do where there is something to do. */

const day = (date: Date): string => date.toISOString().slice(0, 10)
const both = (es: string, en: string): LocalText => ({ es, en })

// --- files --------------------------------------------------------------------------------------------------------------

export const files = {
  none: () => both('No se envió ningún archivo: hacen falta el .cer y el .key del CSD, o un .p12.', 'No file was given: the .cer and .key of the CSD are needed, or a .p12.'),
  complete: (names: string) => both(`Los archivos se leen completos: ${names}.`, `The files can be read in full: ${names}.`),
  empty: (name: string) => both(`«${name}» está vacío: vuelva a copiarlo desde donde lo descargó.`, `“${name}” is empty: copy it again from where it was downloaded.`),
  large: (name: string) => both(`«${name}» es demasiado grande para ser un certificado o una llave.`, `“${name}” is too large to be a certificate or a key.`),
  truncated: (name: string, bytes: number, expected: number | undefined) => expected === undefined
    ? both(`«${name}» está cortado: no llega a su final. Vuelva a copiarlo o descargarlo.`, `“${name}” is truncated: its end is missing. Copy or download it again.`)
    : both(`«${name}» está cortado: tiene ${bytes} de ${expected} bytes. Vuelva a copiarlo o descargarlo.`, `“${name}” is truncated: it has ${bytes} of ${expected} bytes. Copy or download it again.`),
  trailing: (name: string, extra: number) => both(`«${name}» tiene ${extra} bytes de más al final: se dañó al copiarlo. Use el archivo original.`, `“${name}” has ${extra} extra bytes at its end: it was damaged when it was copied. Use the original file.`),
  damaged: (name: string) => both(`«${name}» parece un certificado, pero está dañado. Use el archivo original.`, `“${name}” looks like a certificate, but it is damaged. Use the original file.`),
  request: (name: string) => both(`«${name}» es una solicitud de certificado (.req), no el certificado: descargue el .cer ya emitido.`, `“${name}” is a certificate request (.req), not the certificate: download the .cer that was issued.`),
  pkcs7: (name: string) => both(`«${name}» es un paquete PKCS#7 (.p7b): exporte los certificados como .cer o PEM.`, `“${name}” is a PKCS#7 bundle (.p7b): export the certificates as .cer or PEM.`),
  zip: (name: string) => both(`«${name}» es un ZIP: descomprímalo y envíe los archivos que contiene.`, `“${name}” is a ZIP: unpack it and send the files that are in it.`),
  java_store: (name: string) => both(`«${name}» es un almacén de Java (JKS): expórtelo como .p12.`, `“${name}” is a Java key store (JKS): export it as .p12.`),
  text: (name: string) => both(`«${name}» es texto, no un certificado ni una llave.`, `“${name}” is text, neither a certificate nor a key.`),
  unknown: (name: string) => both(`«${name}» no es un certificado, ni una llave, ni un .p12: o es otro archivo, o está dañado.`, `“${name}” is no certificate, no key and no .p12: it is another file, or damaged.`),
  key_as_certificate: (name: string) => both(`«${name}» está en el lugar del certificado (.cer) y es la llave privada (.key): intercambie los archivos.`, `“${name}” stands where the certificate (.cer) belongs and is the private key (.key): swap the files.`),
  certificate_as_key: (name: string) => both(`«${name}» está en el lugar de la llave privada (.key) y es el certificado (.cer): intercambie los archivos.`, `“${name}” stands where the private key (.key) belongs and is the certificate (.cer): swap the files.`),
  no_certificate: () => both('Falta el certificado: envíe el archivo .cer.', 'The certificate is missing: send the .cer file.'),
  no_key: () => both('Falta la llave privada: envíe el archivo .key del mismo certificado.', 'The private key is missing: send the .key file of the same certificate.'),
  two_certificates: (names: string) => both(`Hay dos certificados (${names}): envíe solo el de esta llave.`, `There are two certificates (${names}): send only the one of this key.`),
  two_keys: (names: string) => both(`Hay dos llaves (${names}): envíe solo la de este certificado.`, `There are two keys (${names}): send only the one of this certificate.`),
  two_containers: (names: string) => both(`Un .p12 ya contiene certificado y llave: envíe uno solo, sin otro .p12 ni .key (${names}).`, `A .p12 holds certificate and key already: send one alone, without another .p12 or a .key (${names}).`),
  from_text: (name: string) => both(`«${name}» está en texto (PEM o Base64) y no en DER; se convirtió.`, `“${name}” is text (PEM or Base64) instead of DER; it was converted.`),
  clear_key: (name: string) => both(`«${name}» no estaba protegida con contraseña: borre esa copia.`, `“${name}” was not protected by a passphrase: delete that copy.`)
}

// --- passphrase and pair ------------------------------------------------------------------------------------------------

export const passphrase = {
  opens: (name: string) => both(`La contraseña abre «${name}».`, `The passphrase opens “${name}”.`),
  trimmed: (name: string) => both(`La contraseña abre «${name}» sin los espacios que la rodeaban.`, `The passphrase opens “${name}” without the white space around it.`),
  wrong: (name: string) => both(`La contraseña no abre «${name}»: revise mayúsculas y acentos. Es la de la llave, no la del portal.`, `The passphrase does not open “${name}”: check capitals and accents. It is that of the key, not that of the web site.`),
  missing: (name: string) => both(`Falta la contraseña de «${name}».`, `The passphrase of “${name}” is missing.`),
  other_for_key: (name: string) => both(`La contraseña abre «${name}», pero una de las llaves que contiene tiene otra: expórtelo de nuevo con una sola contraseña.`, `The passphrase opens “${name}”, but a key in it has another one: export it again with one passphrase.`),
  rounds: (name: string) => both(`«${name}» pide demasiadas vueltas de cálculo para abrirlo: expórtelo de nuevo con la configuración normal.`, `“${name}” asks for too many rounds of computation to open it: export it again with ordinary settings.`),
  time: (name: string, seconds: string) => both(`«${name}» no se abrió en ${seconds} segundos: expórtelo de nuevo con la configuración normal.`, `“${name}” did not open within ${seconds} seconds: export it again with ordinary settings.`),
  unsupported: (name: string) => both(`«${name}» usa un cifrado que no se admite: expórtelo de nuevo con AES o 3DES y SHA.`, `“${name}” uses encryption that is not supported: export it again with AES or 3DES and SHA.`),
  no_mac: (name: string) => both(`«${name}» no lleva el código que prueba que nadie lo cambió: expórtelo de nuevo.`, `“${name}” lacks the code that proves that nobody changed it: export it again.`),
  unreadable: (name: string) => both(`«${name}» no se puede leer como .p12: está dañado, o es otro archivo.`, `“${name}” cannot be read as a .p12: it is damaged, or another file.`)
}

export const pair = {
  ok: () => both('La llave privada es la del certificado: lo que firma se verifica con él.', 'The private key is that of the certificate: what it signs verifies with it.'),
  chosen: (count: number) => both(`El archivo trae ${count} pares de llaves; se eligió el que sirve para firmar.`, `The file holds ${count} key pairs; the one that is meant for signatures was chosen.`),
  differs: () => both('La llave privada no es la de este certificado: busque el .key que se generó junto con este .cer.', 'The private key is not that of this certificate: look for the .key that was made together with this .cer.'),
  damaged: () => both('La llave privada está dañada: sus números no concuerdan entre sí. Use el archivo original.', 'The private key is damaged: its numbers do not agree with each other. Use the original file.'),
  no_key: (name: string) => both(`«${name}» no contiene ninguna llave privada: expórtelo con su llave.`, `“${name}” holds no private key: export it with its key.`),
  no_certificate: (name: string) => both(`«${name}» no contiene el certificado de su llave: expórtelo con el certificado.`, `“${name}” does not hold the certificate of its key: export it with the certificate.`)
}

// --- the certificate ----------------------------------------------------------------------------------------------------

export const kind = {
  csd: () => both('Es un certificado de sello digital (CSD).', 'It is a certificate for digital seals (CSD).'),
  fiel: () => both('Es una e.firma (FIEL), y el SAT solo acepta facturas selladas con un CSD (error CFDI40106): tramite un CSD en CertiSAT Web y suba ese.', 'It is an e.firma (FIEL), and the SAT takes only invoices that are sealed with a CSD (error CFDI40106): ask for a CSD in CertiSAT Web and upload that one.'),
  p12: () => both('Es un certificado de firma en un .p12.', 'It is a signature certificate in a .p12.'),
  unknown: () => both('No es un certificado del SAT: no lleva RFC. Para México envíe el CSD; para otros países, un .p12.', 'It is not a certificate of the SAT: it holds no RFC. For Mexico send the CSD; for other countries a .p12.'),
  csd_needed: () => both('El emisor es de México y sella con un CSD del SAT; este no lo es.', 'The issuer is Mexican and seals with a CSD of the SAT; this is none.'),
  csd_abroad: (country: string) => both(`El emisor es de ${country}, y un CSD del SAT solo sirve en México.`, `The issuer is of ${country}, and a CSD of the SAT serves only in Mexico.`)
}

export const holder = {
  ok: (name: string, taxId: string) => both(`Titular: ${name}, ${taxId}.`, `Holder: ${name}, ${taxId}.`),
  doubtful: (name: string, taxId: string) => both(`Titular: ${name}, ${taxId}; el dígito verificador no coincide, lo que en algunos casos es correcto.`, `Holder: ${name}, ${taxId}; its check digit does not agree, which is right in some cases.`),
  unknown: () => both('El certificado no dice de forma conocida la identificación fiscal de su titular: compruebe que es el del emisor.', 'The certificate does not tell its holder’s tax id in a known way: make sure that it is the issuer’s.')
}

export const issuer = {
  ok: (taxId: string) => both(`El certificado es del emisor, ${taxId}.`, `The certificate is the issuer’s, ${taxId}.`),
  differs: (theirs: string, taxId: string) => both(`El certificado es de ${theirs} y el emisor es ${taxId}: suba el certificado del emisor.`, `The certificate is of ${theirs} and the issuer is ${taxId}: upload the issuer’s certificate.`),
  doubtful: (theirs: string, taxId: string) => both(`El certificado es de ${theirs} y el emisor es ${taxId}: compruebe que puede firmar por él.`, `The certificate is of ${theirs} and the issuer is ${taxId}: make sure that it may sign for it.`)
}

export const validity = {
  ok: (to: Date, days: number) => both(`Vigente: vence el ${day(to)}, en ${days} días.`, `Valid: it expires on ${day(to)}, in ${days} days.`),
  soon: (to: Date, days: number) => both(`Vence pronto: el ${day(to)}, en ${days} días. Tramite el siguiente.`, `It expires soon: on ${day(to)}, in ${days} days. Ask for the next one.`),
  expired: (to: Date) => both(`Venció el ${day(to)}: tramite y suba uno vigente.`, `It expired on ${day(to)}: get and upload a valid one.`),
  early: (from: Date) => both(`Aún no es válido: empieza el ${day(from)}.`, `It is not valid yet: it begins on ${day(from)}.`)
}

export const number = {
  ok: (text: string) => both(`NoCertificado ${text}.`, `NoCertificado ${text}.`),
  wrong: () => both('El número de serie no son los 20 dígitos de un certificado del SAT.', 'The serial number is not the 20 digits of a certificate of the SAT.')
}

export const key = {
  ok: (bits: number) => both(`Llave RSA de ${bits} bits.`, `RSA key of ${bits} bits.`),
  weak: (bits: number) => both(`La llave RSA es de ${bits} bits y hacen falta al menos 2048: tramite otro certificado.`, `The RSA key has ${bits} bits and at least 2048 are needed: get another certificate.`),
  not_rsa: (algorithm: string) => both(`La llave es ${algorithm} y este formato se firma con RSA: pida a su autoridad un certificado RSA.`, `The key is ${algorithm} and this format is signed with RSA: ask your authority for an RSA certificate.`)
}

export const keyUsage = {
  ok: () => both('El certificado permite firmar.', 'The certificate allows to sign.'),
  missing: () => both('El certificado no está hecho para firmar (keyUsage): la autoridad puede rechazar sus firmas.', 'The certificate is not made to sign (keyUsage): the authority may refuse its signatures.')
}

export const signature = {
  ok: (authority: string) => both(`Lo firmó ${authority}, y su firma es correcta.`, `${authority} signed it, and the signature is right.`),
  self: () => both('Se firmó a sí mismo: sirve para pruebas, ninguna autoridad lo acepta.', 'It signed itself: it serves for tests, no authority takes it.'),
  wrong: () => both('Su propia firma no es correcta: el certificado está dañado o alguien lo cambió.', 'Its own signature is not right: the certificate is damaged, or somebody changed it.'),
  untold: (authority: string) => both(`Lo emitió ${authority}, cuyo certificado no está aquí: su firma la comprueba la autoridad.`, `${authority} issued it, whose certificate is not at hand: the authority verifies its signature.`),
  for_tests: (authority: string) => both(`Lo emitió ${authority}, la autoridad de pruebas del SAT: no sirve para facturas reales.`, `${authority}, the SAT’s authority for tests, issued it: it does not serve for real invoices.`),
  other_authority: (authority: string) => both(`El certificado que acompaña a este, de ${authority}, es de otra llave que la que lo firmó: añada el que corresponde.`, `The certificate of ${authority} that came along has another key than the one that signed this: add the right one.`),
  no_authority: (authority: string) => both(`Ninguno de los certificados de autoridad que envió emitió este: lo emitió ${authority}.`, `None of the authorities’ certificates that you sent issued this one: ${authority} did.`)
}

export const chain = {
  complete: (count: number) => both(`La cadena está completa (${count} por encima).`, `The chain is complete (${count} above it).`),
  no_root: (authority: string) => both(`La cadena llega hasta un certificado de ${authority}; falta la raíz, que casi nadie pide.`, `The chain reaches up to a certificate of ${authority}; the root is missing, which hardly anybody asks for.`),
  missing: (authority: string) => both(`Falta el certificado de quien lo emitió, ${authority}: añada el paquete de su autoridad (CA). FACe rechaza firmas sin la cadena.`, `The certificate of who issued it, ${authority}, is missing: add your authority’s CA bundle. FACe refuses signatures without the chain.`)
}
