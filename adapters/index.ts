import type { Adapter } from '../core/adapter/index.ts'
import conekta from './conekta/adapter.ts'
import edicom from './edicom/adapter.ts'
import facturae from './facturae/adapter.ts'
import facturama from './facturama/adapter.ts'
import finkok from './finkok/adapter.ts'
import gigstack from './gigstack/adapter.ts'
import mercadopago from './mercadopago/adapter.ts'
import paypal from './paypal/adapter.ts'
import payu from './payu/adapter.ts'
import satStatus from './sat_status/adapter.ts'
import solucionFactible from './solucion_factible/adapter.ts'
import sri from './sri/adapter.ts'
import stripe from './stripe/adapter.ts'
import sw from './sw/adapter.ts'
import wompi from './wompi/adapter.ts'

/** Every adapter that comes with the hub. */
export const adapters: readonly Adapter[] = [stripe, conekta, mercadopago, paypal, payu, wompi, facturama, finkok, gigstack, sw, solucionFactible, edicom, satStatus, sri, facturae]
