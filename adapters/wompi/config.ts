import type { Manifest } from '../../core/adapter/index.ts'
import { amounts, currencies, defaultMinimum } from './amounts.ts'
import { errors } from './errors.ts'
import { methods } from './params.ts'
import { defaultToleranceS, events } from './webhooks.ts'

const readOn = '2026-11-21'
const panel = { es: 'Panel de Wompi → Desarrolladores (https://comercios.wompi.co). El modo de pruebas tiene llaves y secretos propios.', en: 'Wompi panel → Developers (https://comercios.wompi.co). Test mode has keys and secrets of its own.' }

const credential = (title: { es: string, en: string }, pattern: string, placeholder: string, help: { es: string, en: string }, secret = true): Manifest['credentials']['properties'][string] => ({
  type: 'string', title, help, where: panel, pattern, maxLength: 200, placeholder, secret, kind: 'text'
})

export const manifest: Manifest = {
  id: 'wompi',
  name: 'Wompi',
  families: ['payments'],
  experimental: false,
  countries: ['CO'],
  currencies: [...currencies],
  methods: methods.map(type => ({ type, currencies: ['COP'], countries: ['CO'] })),
  modes: ['test', 'live'],
  base_urls: {
    test: { api: 'https://sandbox.wompi.co', checkout: 'https://checkout.wompi.co' },
    live: { api: 'https://production.wompi.co', checkout: 'https://checkout.wompi.co' }
  },
  credentials: {
    properties: {
      public_key: credential({ es: 'Llave pública', en: 'Public key' }, '^pub_(test|prod)_[A-Za-z0-9]{6,150}$', 'pub_test_…', { es: 'Empieza por pub_test_ o pub_prod_.', en: 'Starts with pub_test_ or pub_prod_.' }, false),
      private_key: credential({ es: 'Llave privada', en: 'Private key' }, '^prv_(test|prod)_[A-Za-z0-9]{6,150}$', 'prv_test_…', { es: 'Empieza por prv_test_ o prv_prod_, del mismo modo que la pública.', en: 'Starts with prv_test_ or prv_prod_, of the same mode as the public one.' }),
      integrity_secret: credential({ es: 'Secreto de integridad', en: 'Integrity secret' }, '^(test|prod)_integrity_[A-Za-z0-9]{6,150}$', 'test_integrity_…', { es: 'Firma el importe de cada cobro. En “Secretos para integración técnica”.', en: 'Signs the amount of each payment. In “Secrets for technical integration”.' }),
      events_secret: credential({ es: 'Secreto de eventos', en: 'Events secret' }, '^(test|prod)_events_[A-Za-z0-9]{6,150}$', 'test_events_…', { es: 'Con él se comprueba que un evento es de Wompi. En “Secretos para integración técnica”.', en: 'Proves that an event is Wompi’s. In “Secrets for technical integration”.' })
    },
    required: ['public_key', 'private_key', 'integrity_secret', 'events_secret']
  },
  settings: {
    properties: {
      cop_minimum: {
        type: 'integer',
        description: { es: 'Importe mínimo de un cobro, en centavos de peso. Wompi no lo publica; lo habitual son 1.500 pesos.', en: 'Smallest payment, in hundredths of a peso. Wompi does not publish it; 1,500 pesos are usual.' },
        default: defaultMinimum,
        minimum: 1
      },
      acceptance: {
        type: 'string',
        description: {
          es: 'Aceptación de los términos de Wompi por el pagador: shop_shows_terms (la tienda los muestra y Pasarela pide el token) o required (la tienda envía acceptance_token con el método).',
          en: 'The payer’s acceptance of Wompi’s terms: shop_shows_terms (the shop shows them and Pasarela asks for the token) or required (the shop sends acceptance_token with the method).'
        },
        default: 'shop_shows_terms',
        enum: ['shop_shows_terms', 'required']
      },
      poll_times: {
        type: 'integer',
        description: { es: 'Cuántas veces se mira un cobro recién creado antes de contestar: Wompi nunca responde en el acto.', en: 'How often a new payment is looked at before it is answered: Wompi never answers at once.' },
        default: 4,
        minimum: 0,
        maximum: 10
      },
      poll_ms: {
        type: 'integer',
        description: { es: 'Milisegundos entre dos miradas.', en: 'Milliseconds between two looks.' },
        default: 700,
        minimum: 0,
        maximum: 3000
      },
      cash_days: {
        type: 'integer',
        description: { es: 'Días que se puede pagar en efectivo cuando no se dice otra cosa; vence a las 23:59:59 de Colombia.', en: 'Days in which cash can be paid when nothing else is said; it ends at 23:59:59 in Colombia.' },
        default: 3,
        minimum: 1,
        maximum: 30
      },
      void_same_day: {
        type: 'boolean',
        description: { es: 'Una anulación solo se pide el mismo día del cobro (hora de Colombia). Falso: que decida Wompi.', en: 'A void is only asked for on the day of the payment (Colombia’s time). False: Wompi decides.' },
        default: true
      },
      void_sends_amount: {
        type: 'boolean',
        description: { es: 'La anulación lleva el importe, siempre el total. Falso: va sin él.', en: 'A void carries the amount, always the whole. False: it goes without.' },
        default: true
      },
      pse_description: {
        type: 'integer',
        description: { es: 'Largo máximo de la descripción de PSE: unas páginas de Wompi dicen 30 y otras 64.', en: 'Longest description for PSE: some pages of Wompi’s say 30, others 64.' },
        default: 30,
        minimum: 10,
        maximum: 64
      },
      document_type: {
        type: 'string',
        description: { es: 'Tipo de documento del pagador cuando el cobro no lo dice.', en: 'Kind of the payer’s document where the payment does not say.' },
        default: 'CC',
        enum: ['CC', 'CE', 'NIT', 'PP', 'TI', 'DNI']
      },
      keep_card: {
        type: 'string',
        description: {
          es: 'Cuándo se guarda la tarjeta de un cobro que lo pide: after (se cobra el token y después se guarda: ni dos cobros ni dos tarjetas) o before (se guarda y se cobra la guardada, si Wompi toma un token una sola vez).',
          en: 'When the card of a payment that asks for it is kept: after (the token is charged and then kept: neither two charges nor two cards) or before (it is kept and the kept one is charged, if Wompi takes a token only once).'
        },
        default: 'after',
        enum: ['after', 'before']
      },
      three_ds: {
        type: 'boolean',
        description: { es: 'Pide autenticación 3-D Secure en los cobros con tarjeta (la cuenta debe tenerla).', en: 'Asks for 3-D Secure when a card pays (the account must have it).' },
        default: false
      },
      default_email: {
        type: 'string',
        description: { es: 'Correo del pagador cuando el cobro no lo trae; Wompi lo exige.', en: 'The payer’s mail where the payment brings none; Wompi wants one.' },
        default: '',
        pattern: '^([^@\\s]+@[^@\\s]+\\.[^@\\s]+)?$'
      },
      checksum_header: {
        type: 'boolean',
        description: { es: 'Un evento sin la cabecera X-Event-Checksum se rechaza. Falso: basta la suma del cuerpo.', en: 'An event without the header X-Event-Checksum is refused. False: the checksum in the body is enough.' },
        default: true
      },
      webhook_tolerance_s: {
        type: 'integer',
        description: { es: 'Antigüedad máxima de un evento, en segundos: Wompi repite hasta 24 horas después.', en: 'The greatest age of an event, in seconds: Wompi repeats for as long as 24 hours.' },
        default: defaultToleranceS,
        minimum: 300
      }
    }
  },
  setup_steps: [
    { es: 'Abra el panel de Wompi, en Desarrolladores, y elija pruebas o producción.', en: 'Open the Wompi panel, in Developers, and choose test or production.' },
    { es: 'Copie la llave pública y la privada, y los secretos de integridad y de eventos: las cuatro del mismo modo.', en: 'Copy the public and the private key, and the secrets of integrity and of events: all four of the same mode.' },
    { es: 'Péguelas aquí, y registre en el panel la URL de eventos que muestra Pasarela.', en: 'Paste them here, and register in the panel the events URL that Pasarela shows.' }
  ],
  webhooks: {
    events,
    secret: 'events_secret',
    signs: 'partial',
    // Not published; it "must answer 200".
    answer_within_ms: 10_000,
    manual_steps: [
      { es: 'En el panel de Wompi → Desarrolladores → Programadores, pegue la dirección que muestra Pasarela en “URL de eventos”.', en: 'In the Wompi panel → Developers, paste the address that Pasarela shows into “Events URL”.' },
      { es: 'Hay una dirección por comercio y modo: si otra integración la usa, reenvíe los eventos.', en: 'There is one address for a merchant and a mode: where another integration uses it, pass the events on.' }
    ]
  },
  // Not published: what a small account is surely granted.
  rate_limits: { test: 10, live: 20 },
  timeouts_ms: { default: 30_000, test: 15_000, get_payment: 15_000, get_refund: 15_000, get_checkout: 15_000, get_payment_link: 15_000 },
  // No idempotency key. A transaction's reference is taken once (facts section 7.1).
  retry_safety: {
    create_payment: 'natural-key',
    // A transaction is voided once; whether it was is asked first.
    refund: 'query-first',
    // Nothing is sent: the page is an address that we sign, and the customer is a mail. The same again is the same.
    create_checkout: 'natural-key',
    create_customer: 'natural-key',
    // Links and sources are not listed: one that was lost is not found, and nobody can use it.
    create_payment_link: 'never',
    save_method: 'never',
    expire_payment_link: 'natural-key',
    remove_method: 'natural-key'
  },
  idempotency_window_ms: 0,
  // No server timeout is published: two minutes are more than any front end waits.
  settles_within_ms: 120_000,
  amounts,
  errors,
  sources: [
    { title: 'Guías de Wompi Colombia', url: 'https://docs.wompi.co/docs/colombia/inicio-rapido/', read_on: readOn },
    { title: 'Métodos de pago', url: 'https://docs.wompi.co/docs/colombia/metodos-de-pago/', read_on: readOn },
    { title: 'Referencia del API', url: 'https://app.swaggerhub.com/apis-docs/waybox/wompi/1.2.0', read_on: readOn },
    { title: 'Eventos', url: 'https://docs.wompi.co/docs/colombia/eventos/', read_on: readOn }
  ]
}
