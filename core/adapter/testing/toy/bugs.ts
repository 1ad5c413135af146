/** Ways to be wrong, each of which one promise of the suite must notice. */
export type ToyBug =
  | 'own_keys' | 'constant_key' | 'failed_on_timeout' | 'paid_on_garbage' | 'unsigned_webhook' | 'stale_webhook' | 'first_secret_only' | 'empty_secret' | 'reserialised_body'
  | 'float_amounts' | 'cents_everywhere' | 'rounds' | 'leaky_scrub' | 'scrubs_everything' | 'finds_another' | 'live_writes' | 'unknown_is_paid' | 'keeps_state' | 'decline_throws'
  | 'plain_error' | 'wrong_key_is_outage' | 'loose_mode' | 'rate_limit_unknown' | 'leaky_log' | 'random_dedupe' | 'made_up_retries' | 'wrong_refund' | 'forgets_part'
  // Vouchers, transfers, and questions in the page.
  | 'local_expiry' | 'own_expiry' | 'voucher_is_paid' | 'voucher_hangs' | 'refunds_cash_wrongly' | 'bad_clabe' | 'half_is_paid' | 'forgets_received' | 'leaves_page'
  // Pages.
  | 'page_amount' | 'any_lines' | 'finds_any_page' | 'page_stays' | 'nameless_page_payment' | 'ends_paid_page' | 'finds_any_link' | 'link_stays' | 'nameless_link_payment'
  | 'asks_nothing' | 'types_for_payers' | 'first_payer_only'
  // Customers and their methods.
  | 'wipes_email' | 'finds_any_customer' | 'forgets_once' | 'keeps_token' | 'lists_everyones' | 'forgets_saved' | 'removes_nothing' | 'refused_method_throws' | 'asks_nobody' | 'away_is_declined'
  // Subscriptions.
  | 'weekly_plan' | 'finds_any_plan' | 'finds_any_subscription' | 'starts_unpaid' | 'trial_forgotten' | 'periods_without_payment' | 'nameless_period_payment' | 'drops_quantity' | 'refused_is_active'
  | 'cancels_once' | 'cancels_at_once' | 'pauses_nothing' | 'preview_changes' | 'prorates_always' | 'oldest_first' | 'never_stops' | 'lends_methods' | 'any_subscription'
  // Disputes and lists.
  | 'dispute_without_day' | 'lists_every_dispute' | 'sends_drafts' | 'accepts_nothing' | 'first_page_only' | 'fee_added' | 'refund_positive'
  // What is made and its answer lost.
  | 'customer_without_key' | 'page_without_key' | 'subscription_never_found' | 'method_twice'
