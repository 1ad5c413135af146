// Made from docs/openapi.json by scripts/generate.ts; do not edit it.
export interface paths {
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/hooks/apps/{provider}/{mode}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Where providers tell the operator’s application of the accounts that were connected by consent */
        post: operations["post_hooks_apps_by_provider_by_mode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/hooks/whatsapp/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where Meta proves a WhatsApp channel’s address */
        get: operations["get_hooks_whatsapp_by_token"];
        put?: never;
        /** Where Meta tells what became of WhatsApp messages */
        post: operations["post_hooks_whatsapp_by_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/hooks/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Where providers send their webhooks */
        post: operations["post_hooks_by_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/alert_settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the thresholds
         * @description Needs the scope `alerts:read`.
         */
        get: operations["get_alert_settings"];
        /**
         * Replace the thresholds
         * @description Needs the scope `connections:write`.
         */
        put: operations["put_alert_settings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List alerts
         * @description Needs the scope `alerts:read`.
         */
        get: operations["get_alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/alerts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an alert
         * @description Needs the scope `alerts:read`.
         */
        get: operations["get_alerts_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/alerts/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say that you have seen it
         * @description Needs the scope `alerts:write`.
         */
        post: operations["post_alerts_by_id_acknowledge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/api_keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List API keys
         * @description Needs the scope `api_keys:read`.
         */
        get: operations["get_api_keys"];
        put?: never;
        /**
         * Make an API key
         * @description Needs the scope `api_keys:write`.
         */
        post: operations["post_api_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/api_keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke an API key
         * @description Needs the scope `api_keys:write`.
         */
        delete: operations["delete_api_keys_by_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit_log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read who changed what
         * @description Needs the scope `audit:read`.
         */
        get: operations["get_audit_log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/balance_transactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List movements of the providers’ balances
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_balance_transactions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/balance_transactions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a movement
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_balance_transactions_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bank_accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List bank accounts
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_bank_accounts"];
        put?: never;
        /**
         * Say where money can be sent
         * @description Needs the scope `connections:write`.
         */
        post: operations["post_bank_accounts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bank_accounts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a bank account
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_bank_accounts_by_id"];
        put?: never;
        post?: never;
        /**
         * Receive nothing there any more
         * @description Needs the scope `connections:write`.
         */
        delete: operations["delete_bank_accounts_by_id"];
        options?: never;
        head?: never;
        /**
         * Change it, make it the primary one
         * @description Needs the scope `connections:write`.
         */
        patch: operations["patch_bank_accounts_by_id"];
        trace?: never;
    };
    "/v1/bank_entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List entries of statements
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_bank_entries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bank_entries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an entry
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_bank_entries_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bank_entries/{id}/match": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say which payment an entry is
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_bank_entries_by_id_match"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bank_statements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List statements
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_bank_statements"];
        put?: never;
        /**
         * Import a statement: what matches is paid
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_bank_statements"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bank_statements/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a statement with its entries
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_bank_statements_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/catalogues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List catalogues */
        get: operations["get_catalogues"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/catalogues/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a catalogue of the authority */
        get: operations["get_catalogues_by_name"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List certificates
         * @description Needs the scope `certificates:read`.
         */
        get: operations["get_certificates"];
        put?: never;
        /**
         * Look at a certificate and keep it
         * @description Needs the scope `certificates:write`.
         */
        post: operations["post_certificates"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a certificate
         * @description Needs the scope `certificates:read`.
         */
        get: operations["get_certificates_by_id"];
        put?: never;
        post?: never;
        /**
         * Destroy its key
         * @description Needs the scope `certificates:write`.
         */
        delete: operations["delete_certificates_by_id"];
        options?: never;
        head?: never;
        /**
         * Change its label or issuer, add the chain
         * @description Needs the scope `certificates:write`.
         */
        patch: operations["patch_certificates_by_id"];
        trace?: never;
    };
    "/v1/certificates/{id}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say when its turn begins
         * @description Needs the scope `certificates:write`.
         */
        post: operations["post_certificates_by_id_activate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates/{id}/consents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was agreed to
         * @description Needs the scope `certificates:read`.
         */
        get: operations["get_certificates_by_id_consents"];
        put?: never;
        /**
         * Agree that the key is handed to a PAC that seals
         * @description Needs the scope `certificates:write`.
         */
        post: operations["post_certificates_by_id_consents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates/{id}/consents/{connection_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Withdraw a consent
         * @description Needs the scope `certificates:write`.
         */
        delete: operations["delete_certificates_by_id_consents_by_connection_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates/{id}/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hand the certificate and its key to a PAC that seals, agreeing to it
         * @description Needs the scope `certificates:write`.
         */
        post: operations["post_certificates_by_id_uploads"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates/{id}/uses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Each time that its key was used
         * @description Needs the scope `certificates:read`.
         */
        get: operations["get_certificates_by_id_uses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/checkout_sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List checkout sessions
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_checkout_sessions"];
        put?: never;
        /**
         * Make a page on which one payer pays
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_checkout_sessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/checkout_sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a checkout session; an open one is asked about
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_checkout_sessions_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/checkout_sessions/{id}/expire": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End it
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_checkout_sessions_by_id_expire"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/completeness_audits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List completeness audits
         * @description Needs the scope `inbound:read`.
         */
        get: operations["get_completeness_audits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/completeness_audits/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a completeness audit
         * @description Needs the scope `inbound:read`.
         */
        get: operations["get_completeness_audits_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List connections
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_connections"];
        put?: never;
        /**
         * Connect an account
         * @description Needs the scope `connections:write`.
         */
        post: operations["post_connections"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/oauth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Connect an account by its owner’s consent
         * @description Needs the scope `connections:write`.
         */
        post: operations["post_connections_oauth"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a connection
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_connections_by_id"];
        put?: never;
        post?: never;
        /**
         * Disconnect
         * @description Needs the scope `connections:write`.
         */
        delete: operations["delete_connections_by_id"];
        options?: never;
        head?: never;
        /**
         * Change label, settings, or switch off
         * @description Needs the scope `connections:write`.
         */
        patch: operations["patch_connections_by_id"];
        trace?: never;
    };
    "/v1/connections/{id}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look for what no webhook told
         * @description Compares the provider’s list of payments with ours, and fills the gaps. 202 while a long one goes on: read it with GET /v1/completeness_audits/:id.
         *
         *     Needs the scope `inbound:write`.
         */
        post: operations["post_connections_by_id_audit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/costs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a connection costs by its contract
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_connections_by_id_costs"];
        /**
         * Say what a connection costs
         * @description Needs the scope `connections:write`.
         */
        put: operations["put_connections_by_id_costs"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace credentials
         * @description Needs the scope `connections:write`.
         */
        post: operations["post_connections_by_id_credentials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/figures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A connection’s webhooks and calls over time
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_connections_by_id_figures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Health
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_connections_by_id_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/read_transactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read the provider’s books now
         * @description What a day does by itself. Reading again changes nothing twice.
         *
         *     Needs the scope `inbound:write`.
         */
        post: operations["post_connections_by_id_read_transactions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where the wizard stands
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_connections_by_id_setup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/stamps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stamps left at the PAC, each time it was asked
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_connections_by_id_stamps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prove the credentials
         * @description Needs the scope `connections:write`.
         */
        post: operations["post_connections_by_id_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{id}/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register our webhook at the provider
         * @description Needs the scope `connections:write`.
         */
        post: operations["post_connections_by_id_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List customers
         * @description Needs the scope `customers:read`.
         */
        get: operations["get_customers"];
        put?: never;
        /**
         * Keep a customer
         * @description Needs the scope `customers:write`.
         */
        post: operations["post_customers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a customer
         * @description Needs the scope `customers:read`.
         */
        get: operations["get_customers_by_id"];
        put?: never;
        post?: never;
        /**
         * Forget a customer
         * @description Needs the scope `customers:write`.
         */
        delete: operations["delete_customers_by_id"];
        options?: never;
        head?: never;
        /**
         * Change a customer
         * @description Needs the scope `customers:write`.
         */
        patch: operations["patch_customers_by_id"];
        trace?: never;
    };
    "/v1/customers/{id}/payment_methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payment methods
         * @description Needs the scope `customers:read`.
         */
        get: operations["get_customers_by_id_payment_methods"];
        put?: never;
        /**
         * Save a payment method
         * @description Needs the scope `customers:write`.
         */
        post: operations["post_customers_by_id_payment_methods"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{id}/payment_methods/{payment_method_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a payment method
         * @description Needs the scope `customers:read`.
         */
        get: operations["get_customers_by_id_payment_methods_by_payment_method_id"];
        put?: never;
        post?: never;
        /**
         * Remove a payment method
         * @description Needs the scope `customers:write`.
         */
        delete: operations["delete_customers_by_id_payment_methods_by_payment_method_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{id}/payment_methods/{payment_method_id}/default": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make it the one that is used
         * @description Needs the scope `customers:write`.
         */
        post: operations["post_customers_by_id_payment_methods_by_payment_method_id_default"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dashboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How it goes, in figures
         * @description Needs the scope `reports:read`.
         */
        get: operations["get_dashboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List deliveries
         * @description Needs the scope `webhooks:read`.
         */
        get: operations["get_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send many again, after a dry run
         * @description Needs the scope `webhooks:write`.
         */
        post: operations["post_deliveries_replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a delivery and its attempts
         * @description Needs the scope `webhooks:read`.
         */
        get: operations["get_deliveries_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send it again
         * @description Needs the scope `webhooks:write`.
         */
        post: operations["post_deliveries_by_id_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/disputes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List disputes
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_disputes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/disputes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a dispute
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_disputes_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/disputes/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give in
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_disputes_by_id_accept"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/disputes/{id}/evidence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keep a draft of the evidence, or send it
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_disputes_by_id_evidence"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/documents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is known of a stored file
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_documents_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/documents/{id}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its bytes
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_documents_by_id_content"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/documents/{id}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A link that opens it without a key, for a while
         * @description Needs the scope `invoices:read`.
         */
        post: operations["post_documents_by_id_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/einvoicing/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Alias of POST /v1/invoices/{id}/issue
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_einvoicing_send"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/einvoicing/status/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alias of GET /v1/invoices/{id}
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_einvoicing_status_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List events
         * @description Needs the scope `events:read`.
         */
        get: operations["get_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an event
         * @description Needs the scope `events:read`.
         */
        get: operations["get_events_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/global_invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List global invoices
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_global_invoices"];
        put?: never;
        /**
         * Make the global invoices of a period now
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_global_invoices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/global_invoices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a global invoice
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_global_invoices_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbound_events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What providers sent
         * @description Needs the scope `inbound:read`.
         */
        get: operations["get_inbound_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbound_events/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Process many once more
         * @description Needs the scope `inbound:write`.
         */
        post: operations["post_inbound_events_replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbound_events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One event with its bytes
         * @description Needs the scope `inbound:read`.
         */
        get: operations["get_inbound_events_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbound_events/{id}/bundle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One incident, to be replayed in a test
         * @description Needs the scope `inbound:read`.
         */
        get: operations["get_inbound_events_by_id_bundle"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbound_events/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Process it once more
         * @description Needs the scope `inbound:write`.
         */
        post: operations["post_inbound_events_by_id_replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List invoices
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_invoices"];
        put?: never;
        /**
         * Issue an invoice, or keep a draft
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Every broken rule, with its official code; nothing is sent
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices_validate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an invoice
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_invoices_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a draft, or correct what was rejected
         * @description Needs the scope `invoices:write`.
         */
        patch: operations["patch_invoices_by_id"];
        trace?: never;
    };
    "/v1/invoices/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for its cancellation
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices_by_id_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}/credit_notes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Credit all of it, or lines
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices_by_id_credit_notes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}/issue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Issue a draft, or what was corrected
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices_by_id_issue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}/payment_link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read its payment link
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_invoices_by_id_payment_link"];
        put?: never;
        /**
         * A page where its customer pays what is due, by whatever you can take
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices_by_id_payment_link"];
        /**
         * Take its payment link back
         * @description Needs the scope `invoices:write`.
         */
        delete: operations["delete_invoices_by_id_payment_link"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tell a payment: its receipt is issued (complemento de pago)
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices_by_id_payments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}/pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its printed representation
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_invoices_by_id_pdf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}/resolve_review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a review, or say what became of one that nobody can be asked about
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices_by_id_resolve_review"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mail it, XML and PDF attached
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_invoices_by_id_send"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/invoices/{id}/xml": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The document exactly as it was stamped
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_invoices_by_id_xml"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/issuers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List issuers
         * @description Needs the scope `issuers:read`.
         */
        get: operations["get_issuers"];
        put?: never;
        /**
         * Add a fiscal identity
         * @description Needs the scope `issuers:write`.
         */
        post: operations["post_issuers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/issuers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an issuer
         * @description Needs the scope `issuers:read`.
         */
        get: operations["get_issuers_by_id"];
        put?: never;
        post?: never;
        /**
         * Remove an issuer
         * @description Needs the scope `issuers:write`.
         */
        delete: operations["delete_issuers_by_id"];
        options?: never;
        head?: never;
        /**
         * Change an issuer, its branches, branding and defaults
         * @description Needs the scope `issuers:write`.
         */
        patch: operations["patch_issuers_by_id"];
        trace?: never;
    };
    "/v1/issuers/{id}/logo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The logo’s bytes
         * @description Needs the scope `issuers:read`.
         */
        get: operations["get_issuers_by_id_logo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mails": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List mails: what went out, waits, was refused or is parked
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_mails"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mails/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a mail, and what became of each recipient’s
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_mails_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mails/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send it again to whoever did not get it
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_mails_by_id_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List notices: who was told what, by which channel, and what became of it
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_notices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a notice
         * @description Needs the scope `invoices:read`.
         */
        get: operations["get_notices_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send it once more
         * @description One that is `unknown` may then arrive twice.
         *
         *     Needs the scope `invoices:write`.
         */
        post: operations["post_notices_by_id_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notification_channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List channels
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_notification_channels"];
        put?: never;
        /**
         * Set up a channel for notices
         * @description One of each type in each mode.
         *
         *     Needs the scope `connections:write`.
         */
        post: operations["post_notification_channels"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notification_channels/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a channel
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_notification_channels_by_id"];
        put?: never;
        post?: never;
        /**
         * Take a channel down
         * @description Needs the scope `connections:write`.
         */
        delete: operations["delete_notification_channels_by_id"];
        options?: never;
        head?: never;
        /**
         * Change a channel, its credentials, or switch it off
         * @description Needs the scope `connections:write`.
         */
        patch: operations["patch_notification_channels_by_id"];
        trace?: never;
    };
    "/v1/notification_channels/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prove its credentials
         * @description Nobody is sent anything.
         *
         *     Needs the scope `connections:write`.
         */
        post: operations["post_notification_channels_by_id_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notification_settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which notices go out, to whom, by which channel
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_notification_settings"];
        /**
         * Set them
         * @description Needs the scope `connections:write`.
         */
        put: operations["put_notification_settings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List calls to providers
         * @description Needs the scope `operations:read`.
         */
        get: operations["get_operations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a call, with what was said
         * @description Needs the scope `operations:read`.
         */
        get: operations["get_operations_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/partners": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List partners (of a tenant: those that act for it)
         * @description Needs the scope `partners:read`.
         */
        get: operations["get_partners"];
        put?: never;
        /**
         * Make a partner
         * @description Needs the scope `partners:write`.
         */
        post: operations["post_partners"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/partners/{id}/api_keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a key of a partner
         * @description Needs the scope `partners:write`.
         */
        post: operations["post_partners_by_id_api_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/partners/{id}/tenants/{tenant_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Let a partner act for a tenant
         * @description Needs the scope `partners:write`.
         */
        put: operations["put_partners_by_id_tenants_by_tenant_id"];
        post?: never;
        /**
         * Let it no longer
         * @description Needs the scope `partners:write`.
         */
        delete: operations["delete_partners_by_id_tenants_by_tenant_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payment links
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_payment_links"];
        put?: never;
        /**
         * Make a link that many may pay
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_payment_links"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_links/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a payment link
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_payment_links_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_links/{id}/expire": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End it
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_payment_links_by_id_expire"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payments
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_payments"];
        put?: never;
        /**
         * Take a payment
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_payments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a payment
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_payments_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_payments_by_id_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/capture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Capture what was authorised
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_payments_by_id_capture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try another method
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_payments_by_id_confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List refunds
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_payments_by_id_refunds"];
        put?: never;
        /**
         * Refund
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_payments_by_id_refunds"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/resolve_review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a review, or close by hand
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_payments_by_id_resolve_review"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All that happened
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_payments_by_id_timeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List plans
         * @description Needs the scope `subscriptions:read`.
         */
        get: operations["get_plans"];
        put?: never;
        /**
         * Make a plan
         * @description Needs the scope `subscriptions:write`.
         */
        post: operations["post_plans"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a plan
         * @description Needs the scope `subscriptions:read`.
         */
        get: operations["get_plans_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans/{id}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Offer a plan no more
         * @description Needs the scope `subscriptions:write`.
         */
        post: operations["post_plans_by_id_archive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/privacy/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase what no law keeps of one person; says what is kept, until when and why
         * @description Needs the scope `customers:write`.
         */
        post: operations["post_privacy_erase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/privacy/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * All that is kept about one person
         * @description Needs the scope `customers:write`.
         */
        post: operations["post_privacy_export"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List providers
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_providers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a provider’s manifest
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_providers_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reconciliation_settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the rules of reconciliation
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_reconciliation_settings"];
        /**
         * Set the rules of reconciliation
         * @description Needs the scope `payments:write`.
         */
        put: operations["put_reconciliation_settings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/refunds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a refund
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_refunds_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/fees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What it cost: told, expected, adjustments, stamps
         * @description Needs the scope `reports:read`.
         */
        get: operations["get_reports_fees"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Fiscal documents, stamped or not, and what the authority says
         * @description Needs the scope `reports:read`.
         */
        get: operations["get_reports_invoices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/reconciliation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Provider, bank and documents side by side
         * @description What agrees, what is waited for, and what somebody has to look at, with totals in minor units and the age of what is open.
         *
         *     Needs the scope `payments:read`.
         */
        get: operations["get_reports_reconciliation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/reconciliation/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reconcile now
         * @description What an hour does by itself.
         *
         *     Needs the scope `payments:write`.
         */
        post: operations["post_reports_reconciliation_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/reconciliation/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an item
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_reports_reconciliation_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/reconciliation/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resolve an exception
         * @description With the reason, for the audit log. What is found otherwise later opens it again.
         *
         *     Needs the scope `payments:write`.
         */
        post: operations["post_reports_reconciliation_by_id_resolve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/transactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Payments and refunds, what they cost, and totals
         * @description Needs the scope `reports:read`.
         */
        get: operations["get_reports_transactions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/routing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the routing rules
         * @description Needs the scope `connections:read`.
         */
        get: operations["get_routing"];
        /**
         * Replace the routing rules
         * @description The whole list, in its order. Of one mode: the key’s.
         *
         *     Needs the scope `connections:write`.
         */
        put: operations["put_routing"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/routing/decide": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Where would it go?
         * @description Explains the choice of a connection. Nothing is paid, written or asked of a provider.
         *
         *     Needs the scope `connections:read`.
         */
        post: operations["post_routing_decide"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sales
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_sales"];
        put?: never;
        /**
         * Take down a sale: what was sold, how it was paid, and whether an invoice is wanted
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_sales"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sales of tills that were offline: an answer for each, safe to repeat
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_sales_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a sale
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_sales_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * It will not be paid
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_sales_by_id_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales/{id}/confirm_payment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * It was paid, or not: a self-invoice link for the buyer, or its place in the next global invoice
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_sales_by_id_confirm_payment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales/{id}/invoice": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ticket → invoice. A second one is a 409
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_sales_by_id_invoice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales/{id}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give it back, or a part: in cash, by the payment, or as store credit. Its document is credited by itself
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_sales_by_id_refund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales/{id}/ticket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The ticket for a printer of 58 or 80 mm, as HTML
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_sales_by_id_ticket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sales_settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How your sales end in documents
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_sales_settings"];
        /**
         * Say how your sales end in documents
         * @description Needs the scope `invoices:write`.
         */
        put: operations["put_sales_settings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/self_invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A link on which the buyer of a sale makes their invoice
         * @description Needs the scope `invoices:write`.
         */
        post: operations["post_self_invoices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List series
         * @description Needs the scope `issuers:read`.
         */
        get: operations["get_series"];
        put?: never;
        /**
         * Add a series
         * @description Needs the scope `issuers:write`.
         */
        post: operations["post_series"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/series/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a series
         * @description Needs the scope `issuers:read`.
         */
        get: operations["get_series_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Switch a series on or off, or go on from a higher number
         * @description Needs the scope `issuers:write`.
         */
        patch: operations["patch_series_by_id"];
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your sessions */
        get: operations["get_sessions"];
        put?: never;
        /** Log in */
        post: operations["post_sessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the session of this request */
        get: operations["get_sessions_current"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End a session (`current`: log out) */
        delete: operations["delete_sessions_by_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/store_credits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List store credits
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_store_credits"];
        put?: never;
        /**
         * Give store credit: a code that is worth money at your tills
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_store_credits"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/store_credits/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a store credit, and what became of it
         * @description Needs the scope `payments:read`.
         */
        get: operations["get_store_credits_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/store_credits/{id}/redeem": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Spend some of it, or all
         * @description Needs the scope `payments:write`.
         */
        post: operations["post_store_credits_by_id_redeem"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List subscriptions
         * @description Needs the scope `subscriptions:read`.
         */
        get: operations["get_subscriptions"];
        put?: never;
        /**
         * Subscribe a customer to a plan
         * @description Needs the scope `subscriptions:write`.
         */
        post: operations["post_subscriptions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a subscription
         * @description Needs the scope `subscriptions:read`.
         */
        get: operations["get_subscriptions_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change plan, quantity or payment method
         * @description Needs the scope `subscriptions:write`.
         */
        patch: operations["patch_subscriptions_by_id"];
        trace?: never;
    };
    "/v1/subscriptions/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel, now or at the end of the period
         * @description Needs the scope `subscriptions:write`.
         */
        post: operations["post_subscriptions_by_id_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/cycles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List its billing periods
         * @description Needs the scope `subscriptions:read`.
         */
        get: operations["get_subscriptions_by_id_cycles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause
         * @description Needs the scope `subscriptions:write`.
         */
        post: operations["post_subscriptions_by_id_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a change would cost
         * @description Needs the scope `subscriptions:write`.
         */
        post: operations["post_subscriptions_by_id_preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/resolve_review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a review, or close by hand
         * @description Needs the scope `subscriptions:write`.
         */
        post: operations["post_subscriptions_by_id_resolve_review"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume, or take back a cancel at the end of the period
         * @description Needs the scope `subscriptions:write`.
         */
        post: operations["post_subscriptions_by_id_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/support/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A tenant’s alerts, masked
         * @description Needs the scope `support:read`.
         */
        get: operations["get_support_alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/support/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How a tenant’s connections do, masked
         * @description Needs the scope `support:read`.
         */
        get: operations["get_support_connections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/support/inbound_events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What became of a tenant’s webhooks, masked
         * @description Needs the scope `support:read`.
         */
        get: operations["get_support_inbound_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/support/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A tenant’s calls to providers, masked
         * @description Needs the scope `support:read`.
         */
        get: operations["get_support_operations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/support/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where something is wrong, over all tenants
         * @description Needs the scope `support:read`.
         */
        get: operations["get_support_overview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/support_access": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who of support entered, and why
         * @description Needs the scope `audit:read`.
         */
        get: operations["get_support_access"];
        put?: never;
        /**
         * Enter the data of a tenant
         * @description Needs the scope `support:write`.
         */
        post: operations["post_support_access"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/support_access/{id}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End it before its time
         * @description Who opened it, or an administrator of the tenant.
         */
        post: operations["post_support_access_by_id_end"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List tenants
         * @description Needs the scope `tenants:read`.
         */
        get: operations["get_tenants"];
        put?: never;
        /**
         * Make a tenant
         * @description Needs the scope `tenants:write`.
         */
        post: operations["post_tenants"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the tenant that the request acts in */
        get: operations["get_tenants_current"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a tenant
         * @description Needs the scope `tenants:read`.
         */
        get: operations["get_tenants_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change, suspend or reopen a tenant
         * @description Needs the scope `tenants:write`.
         */
        patch: operations["patch_tenants_by_id"];
        trace?: never;
    };
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List users
         * @description Needs the scope `users:read`.
         */
        get: operations["get_users"];
        put?: never;
        /**
         * Add a user
         * @description Needs the scope `users:write`.
         */
        post: operations["post_users"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read yourself */
        get: operations["get_users_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change your name or password */
        patch: operations["patch_users_me"];
        trace?: never;
    };
    "/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a user
         * @description Needs the scope `users:read`.
         */
        get: operations["get_users_by_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change role, status, name or password
         * @description Needs the scope `users:write`.
         */
        patch: operations["patch_users_by_id"];
        trace?: never;
    };
    "/v1/web_push/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List subscriptions
         * @description Needs the scope `customers:read`.
         */
        get: operations["get_web_push_subscriptions"];
        put?: never;
        /**
         * Say at which browser somebody is reached
         * @description Repeating it changes nothing.
         *
         *     Needs the scope `customers:write`.
         */
        post: operations["post_web_push_subscriptions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/web_push/subscriptions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a subscription
         * @description Needs the scope `customers:write`.
         */
        delete: operations["delete_web_push_subscriptions_by_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List webhook endpoints
         * @description Needs the scope `webhooks:read`.
         */
        get: operations["get_webhook_endpoints"];
        put?: never;
        /**
         * Make a webhook endpoint
         * @description The secret is shown this once. A partner’s key that names no tenant speaks of the partner’s own endpoints, which get the events of every tenant that it serves.
         *
         *     Needs the scope `webhooks:write`.
         */
        post: operations["post_webhook_endpoints"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a webhook endpoint
         * @description Needs the scope `webhooks:read`.
         */
        get: operations["get_webhook_endpoints_by_id"];
        put?: never;
        post?: never;
        /**
         * Delete a webhook endpoint
         * @description Needs the scope `webhooks:write`.
         */
        delete: operations["delete_webhook_endpoints_by_id"];
        options?: never;
        head?: never;
        /**
         * Change, disable or enable again
         * @description Needs the scope `webhooks:write`.
         */
        patch: operations["patch_webhook_endpoints_by_id"];
        trace?: never;
    };
    "/v1/webhook_endpoints/{id}/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How an endpoint does
         * @description Needs the scope `webhooks:read`.
         */
        get: operations["get_webhook_endpoints_by_id_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{id}/recover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send everything since a moment that did not arrive
         * @description Needs the scope `webhooks:write`.
         */
        post: operations["post_webhook_endpoints_by_id_recover"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{id}/rotate_secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace the signing secret
         * @description Both sign until the overlap is over, so that nothing is refused meanwhile.
         *
         *     Needs the scope `webhooks:write`.
         */
        post: operations["post_webhook_endpoints_by_id_rotate_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test event
         * @description Needs the scope `webhooks:write`.
         */
        post: operations["post_webhook_endpoints_by_id_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** Alert */
        Alert: {
            id: string;
            /** @enum {string} */
            object: "alert";
            mode: ("test" | "live") | null;
            /**
             * @description `resolved`: the cause is gone; the hub saw that by itself.
             * @enum {string}
             */
            status: "open" | "acknowledged" | "resolved";
            kind: string;
            /** @enum {string} */
            severity: "info" | "warning" | "critical";
            /** @description What it means, for a person, in the language of Accept-Language. */
            message: string;
            subject: string | null;
            detail: {
                [key: string]: unknown;
            };
            /** @description How often it was raised while open. */
            times: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_at: string;
            acknowledged_at: string | null;
            acknowledged_by: string | null;
            resolved_at: string | null;
        };
        /** AlertRules */
        AlertRules: {
            /** @description More of the payment attempts of a connection failed than this, of those that ended. */
            payments_failing?: {
                /**
                 * @description Off: it is not looked at, and what stands of it ends.
                 * @default true
                 */
                enabled?: boolean;
                /**
                 * @description In percent.
                 * @default 5
                 */
                percent?: number;
                /**
                 * @description How many ended attempts there must be to speak of a share at all.
                 * @default 10
                 */
                at_least?: number;
                /**
                 * @description How far back is looked.
                 * @default 60
                 */
                minutes?: number;
            };
            /** @description One call in twenty took longer than this (the 95th percentile). */
            provider_slow?: {
                /**
                 * @description Off: it is not looked at, and what stands of it ends.
                 * @default true
                 */
                enabled?: boolean;
                /** @default 30 */
                seconds?: number;
                /**
                 * @description How many calls there must be to speak of a share at all.
                 * @default 3
                 */
                at_least?: number;
                /**
                 * @description How far back is looked.
                 * @default 30
                 */
                minutes?: number;
            };
            /** @description So many documents in a row were not stamped, within a day. */
            stamping_failing?: {
                /**
                 * @description Off: it is not looked at, and what stands of it ends.
                 * @default true
                 */
                enabled?: boolean;
                /** @default 3 */
                in_row?: number;
            };
            /** @description No webhook for so long, where there used to be some. */
            webhooks_silent?: {
                /**
                 * @description Off: it is not looked at, and what stands of it ends.
                 * @default true
                 */
                enabled?: boolean;
                /** @default 24 */
                hours?: number;
                /**
                 * @description How many webhooks in the week before there must be to speak of a share at all.
                 * @default 5
                 */
                at_least?: number;
            };
            /** @description Suddenly so many webhooks are refused: this share, and three times that of the day before. */
            webhooks_refused?: {
                /**
                 * @description Off: it is not looked at, and what stands of it ends.
                 * @default true
                 */
                enabled?: boolean;
                /**
                 * @description In percent.
                 * @default 10
                 */
                percent?: number;
                /**
                 * @description How many refused ones there must be to speak of a share at all.
                 * @default 5
                 */
                at_least?: number;
            };
            /** @description So many webhooks are about nothing of ours. */
            webhooks_unmatched?: {
                /**
                 * @description Off: it is not looked at, and what stands of it ends.
                 * @default true
                 */
                enabled?: boolean;
                /**
                 * @description In percent.
                 * @default 20
                 */
                percent?: number;
                /**
                 * @description How many unmatched ones there must be to speak of a share at all.
                 * @default 10
                 */
                at_least?: number;
                /**
                 * @description How far back is looked.
                 * @default 60
                 */
                minutes?: number;
            };
            /** @description Few stamps are left at a PAC. */
            stamps_low?: {
                /**
                 * @description Off: it is not looked at, and what stands of it ends.
                 * @default true
                 */
                enabled?: boolean;
                /** @description STAMPS_LOW when absent. */
                left?: number;
                /** @description STAMPS_LOW_DAYS when absent. */
                days?: number;
            };
            /** @description Background work waits for so long. Of the whole hub: looked at in the platform’s own tenant only. */
            queue_old?: {
                /**
                 * @description Off: it is not looked at, and what stands of it ends.
                 * @default true
                 */
                enabled?: boolean;
                /** @default 10 */
                minutes?: number;
            };
        };
        /** AlertSettings */
        AlertSettings: {
            /** @enum {string} */
            object: "alert_settings";
            /** @enum {string} */
            mode: "test" | "live";
            rules: components["schemas"]["AlertRules"];
            updated_at: string | null;
        };
        /** ApiKey */
        ApiKey: {
            id: string;
            /** @enum {string} */
            object: "api_key";
            /**
             * @description `tenant`: acts for its tenant; `partner`: for each tenant that granted it; `platform`: for all.
             * @enum {string}
             */
            kind: "tenant" | "partner" | "platform";
            partner: string | null;
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "active" | "expired" | "revoked";
            label: string;
            /** @description The beginning and the end of the key, by which to recognise it. */
            hint: string;
            scopes: string[];
            /** Format: date-time */
            created_at: string;
            expires_at: string | null;
            last_used_at: string | null;
            revoked_at: string | null;
        };
        /** AuditLine */
        AuditLine: {
            id: string;
            /** @enum {string} */
            object: "audit_line";
            actor: {
                /** @enum {string} */
                type: "user" | "api_key" | "system";
                id: string;
            };
            action: string;
            subject: {
                type: string;
                id: string;
            };
            detail: {
                [key: string]: unknown;
            };
            request_id: string | null;
            address: string | null;
            /** Format: date-time */
            created_at: string;
        };
        /** BalanceTransaction */
        BalanceTransaction: {
            id: string;
            /** @enum {string} */
            object: "balance_transaction";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            type: "payment" | "refund" | "dispute" | "fee" | "payout" | "other";
            /** @description Minor units, signed as it moved the balance: a refund is negative. */
            amount: number;
            /** @description In which the provider settles; it may not be the payment’s. */
            currency: string;
            fee: number | null;
            net: number | null;
            payout: string | null;
            payment: string | null;
            refund: string | null;
            connection: string;
            provider: string;
            provider_reference: string;
            /** Format: date-time */
            occurred_at: string;
            available_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** BankAccount */
        BankAccount: {
            id: string;
            /** @enum {string} */
            object: "bank_account";
            /** @enum {string} */
            mode: "test" | "live";
            label: string;
            /** @enum {string} */
            kind: "checking" | "savings" | "business" | "payroll";
            currency: string;
            country: string;
            time_zone: string;
            bank: string;
            bank_code: string | null;
            beneficiary: string;
            clabe: string | null;
            iban: string | null;
            account_number: string | null;
            bic: string | null;
            primary: boolean;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** BankEntry */
        BankEntry: {
            id: string;
            /** @enum {string} */
            object: "bank_entry";
            /** @enum {string} */
            mode: "test" | "live";
            statement: string;
            bank_account: string;
            line: number;
            /** @enum {string} */
            direction: "credit" | "debit";
            amount: number;
            currency: string;
            /** @description As the bank booked it, where the account is. */
            day: string;
            at: string | null;
            reference: string | null;
            tracking_key: string | null;
            description: string;
            payer: string | null;
            /** @enum {string} */
            status: "new" | "matched" | "review" | "resolved" | "unknown" | "duplicate" | "ignored";
            reason: string | null;
            payment: string | null;
            suggested_payment: string | null;
            duplicate_of: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** BankStatement */
        BankStatement: {
            id: string;
            /** @enum {string} */
            object: "bank_statement";
            /** @enum {string} */
            mode: "test" | "live";
            bank_account: string;
            /** @enum {string} */
            format: "csv" | "camt.053";
            bank: string | null;
            name: string | null;
            bytes: number;
            from: string | null;
            to: string | null;
            entries_count: number;
            /** @description Lines that are no movement, and movements that are not booked yet. */
            lines_skipped: number;
            counts: {
                new: number;
                matched: number;
                review: number;
                resolved: number;
                unknown: number;
                duplicate: number;
                ignored: number;
            };
            /** Format: date-time */
            created_at: string;
        };
        /** BankStatementWithEntries */
        BankStatementWithEntries: {
            id: string;
            /** @enum {string} */
            object: "bank_statement";
            /** @enum {string} */
            mode: "test" | "live";
            bank_account: string;
            /** @enum {string} */
            format: "csv" | "camt.053";
            bank: string | null;
            name: string | null;
            bytes: number;
            from: string | null;
            to: string | null;
            entries_count: number;
            /** @description Lines that are no movement, and movements that are not booked yet. */
            lines_skipped: number;
            counts: {
                new: number;
                matched: number;
                review: number;
                resolved: number;
                unknown: number;
                duplicate: number;
                ignored: number;
            };
            /** Format: date-time */
            created_at: string;
            entries: components["schemas"]["BankEntry"][];
            entries_more: boolean;
        };
        /** Branch */
        Branch: {
            /** @description Ecuador: the three digits of the establecimiento; of a till, those of the punto de emisión. */
            code: string;
            name?: string;
            /** @description Where its documents are issued, when it is another than the issuer’s. */
            postal_code?: string;
            address?: {
                street?: string;
                city?: string;
                region?: string;
                postal_code?: string;
                country?: string;
            };
            tills?: {
                code: string;
                name?: string;
            }[];
            /** @description For each kind of document the series that is used when nobody names one. */
            default_series?: {
                invoice?: string;
                credit_note?: string;
                debit_note?: string;
                payment_receipt?: string;
                global_invoice?: string;
                transfer?: string;
                withholding?: string;
                delivery_note?: string;
                purchase_settlement?: string;
                sale?: string;
            };
        };
        /** Catalogue */
        Catalogue: {
            /** @enum {string} */
            object: "catalogue";
            name: string;
            title: string;
            source: string;
            edition: string;
            data: components["schemas"]["CatalogueEntry"][];
            next_cursor: string | null;
        };
        /**
         * CatalogueEntry
         * @description What else it has depends on the catalogue: `decimals` of a currency, `regimes` of a use of CFDI …
         */
        CatalogueEntry: {
            code: string;
            /** @description In the authority’s language. */
            text: string;
            valid_from: string | null;
            valid_to: string | null;
        } & {
            [key: string]: unknown;
        };
        /** Certificate */
        Certificate: {
            id: string;
            /** @enum {string} */
            object: "certificate";
            /** @enum {string} */
            mode: "test" | "live";
            /**
             * @description `scheduled`: its turn comes at `active_from`; `replaced`: another one’s turn has come.
             * @enum {string}
             */
            status: "scheduled" | "active" | "replaced" | "expired" | "deleted";
            /** @enum {string} */
            kind: "csd" | "p12";
            label: string;
            issuer: string | null;
            holder: {
                name: string | null;
                tax_id: string | null;
            };
            number: string | null;
            fingerprint: string;
            /** Format: date-time */
            valid_from: string;
            /** Format: date-time */
            valid_to: string;
            days_left: number;
            /** Format: date-time */
            active_from: string;
            /** @description Certificates above it that are kept with it. */
            chain_length: number;
            refused: {
                /** Format: date-time */
                at: string;
                message: string;
            } | null;
            report: components["schemas"]["CertificateReport"];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** CertificateConsent */
        CertificateConsent: {
            /** @enum {string} */
            object: "certificate_consent";
            /** @enum {string} */
            mode: "test" | "live";
            certificate: string;
            connection: string;
            /** @description What was agreed to. */
            text: string;
            given_by: string;
            /** Format: date-time */
            given_at: string;
            withdrawn_at: string | null;
        };
        /** CertificateDryRun */
        CertificateDryRun: {
            /** @enum {string} */
            object: "certificate_report";
            report: components["schemas"]["CertificateReport"];
        };
        /**
         * CertificateReport
         * @description What was found before anything was kept.
         */
        CertificateReport: {
            ok: boolean;
            /** @enum {string} */
            kind: "csd" | "fiel" | "p12" | "unknown";
            holder: {
                name: string | null;
                tax_id: string | null;
                country: string | null;
                representative_tax_id: string | null;
            } | null;
            number: string | null;
            serial: string | null;
            subject: string | null;
            issuer: string | null;
            valid_from: string | null;
            valid_to: string | null;
            days_left: number | null;
            key: {
                algorithm: string;
                bits: number | null;
            } | null;
            chain: {
                subject: string;
                /** Format: date-time */
                valid_to: string;
            }[];
            fingerprint: string | null;
            /** Format: date-time */
            at: string;
            checks: {
                /** @enum {string} */
                name: "files" | "passphrase" | "pair" | "kind" | "holder" | "issuer" | "validity" | "number" | "key" | "key_usage" | "signature" | "chain";
                ok: boolean;
                /**
                 * @description Only an `error` that is not `ok` keeps it from being used.
                 * @enum {string}
                 */
                severity: "error" | "warning" | "info";
                detail: string;
            }[];
        };
        /** CertificateUpload */
        CertificateUpload: {
            /** @enum {string} */
            object: "certificate_upload";
            /** @enum {string} */
            mode: "test" | "live";
            certificate: string;
            connection: string;
            provider: string;
            number: string | null;
            /** @description The call to the provider; what is kept of it holds neither key nor passphrase. */
            operation: string;
            /** Format: date-time */
            uploaded_at: string;
        };
        /** CertificateUse */
        CertificateUse: {
            id: string;
            /** @enum {string} */
            object: "certificate_use";
            purpose: string;
            /** @description Id of what was signed, or of who was given the key. */
            subject: string;
            /** Format: date-time */
            created_at: string;
        };
        /** ChangeInvoice */
        ChangeInvoice: {
            /** @enum {string} */
            country: "MX" | "EC" | "ES";
            /**
             * @description The last three: Ecuador’s retención, guía de remisión and liquidación de compra.
             * @default invoice
             * @enum {string}
             */
            kind?: "invoice" | "credit_note" | "debit_note" | "global_invoice" | "transfer" | "withholding" | "delivery_note" | "purchase_settlement";
            /** @description The only one of the tenant when absent. */
            issuer?: string;
            /** @description Chosen by the routing rules when absent. */
            connection?: string;
            /** @description Id or code; that of the till, the branch or the issuer when absent. */
            series?: string;
            /** @description Of the issuer: chooses the series, and where it is issued. */
            branch?: string;
            /** @description Of the branch: chooses the series. */
            till?: string;
            customer: components["schemas"]["InvoiceCustomer"];
            /** @description At least one; of a withholding none. */
            lines: components["schemas"]["InvoiceLine"][];
            payment?: {
                /** @description Mexico: PUE or PPD */
                method?: string;
                /** @description Mexico: c_FormaPago */
                form?: string;
                /** Format: date */
                due?: string;
                conditions?: string;
            };
            /** @description ISO 4217, upper case. */
            currency: string;
            /** @description Units of the country’s currency for one of `currency`. */
            exchange_rate?: string;
            related?: {
                type: string;
                fiscal_id: string;
            }[];
            local_taxes?: {
                name: string;
                /** @description A fraction: 0.03 for 3 %. */
                rate: string;
                /** @description Computed from `rate` when absent. */
                amount?: string;
                withheld?: boolean;
            }[];
            /** @description The payment that this invoice covers. */
            payment_id?: string;
            mx?: {
                export?: string;
                global?: {
                    periodicity: string;
                    months: string;
                    year: number;
                };
                /** @description LugarExpedicion; the branch’s or the issuer’s when absent. */
                postal_code?: string;
                /** @description IANA zone of the place of issue, where its postal code does not tell it. */
                zone?: string;
                /**
                 * @description How the amounts of lines are rounded: to the currency’s decimals (when absent), or to six.
                 * @enum {string}
                 */
                rounding?: "currency" | "six";
                /** @description Of the PAC, for amounts beyond its limits. */
                confirmation?: string;
                /**
                 * @description Of a PPD invoice: whether payments get their complemento de pago by themselves; as the issuer says when absent.
                 * @enum {string}
                 */
                receipts?: "automatic" | "manual";
            };
            /** @description Mail it to its customer as soon as it is issued; as its issuer wishes (`mail.send`) when absent. */
            send?: boolean;
            ec?: components["schemas"]["EcInvoiceBody"];
            es?: components["schemas"]["EsInvoiceBody"];
            /** @description Your own number. */
            reference?: string;
            metadata?: {
                [key: string]: string;
            };
        };
        /** CheckoutSession */
        CheckoutSession: {
            id: string;
            /** @enum {string} */
            object: "checkout_session";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "unknown" | "open" | "complete" | "expired" | "failed";
            url: string | null;
            amount: number;
            currency: string;
            /** @enum {string} */
            capture: "automatic" | "manual";
            lines: {
                name: string;
                description?: string;
                quantity: number;
                /** @description Minor units of `currency`, tax included. */
                unit_amount: number;
            }[] | null;
            methods: string[] | null;
            reference: string | null;
            description: string | null;
            statement_descriptor: string | null;
            metadata: {
                [key: string]: string;
            };
            success_url: string | null;
            expires_at: string | null;
            collect_tax_id: boolean;
            invoice_id: string | null;
            invoice?: components["schemas"]["InvoiceCheck"];
            provider: string;
            connection: string;
            provider_reference: string | null;
            provider_status: string | null;
            error: components["schemas"]["ProviderProblem"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            payment: string | null;
            customer: {
                [key: string]: unknown;
            } | null;
            payer: {
                [key: string]: unknown;
            } | null;
            cancel_url: string | null;
            save_method: boolean;
        };
        /** CompletenessAudit */
        CompletenessAudit: {
            id: string;
            /** @enum {string} */
            object: "completeness_audit";
            /** @enum {string} */
            mode: "test" | "live";
            connection: string;
            provider: string;
            /** @enum {string} */
            trigger: "schedule" | "request";
            /** @enum {string} */
            status: "running" | "completed" | "failed";
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /** @description Payments of yours in the provider’s list. */
            checked: number;
            /** @description Of them, those at which something had happened that nobody had told us. */
            missed: number;
            /** @description Of these, those that now are as the provider has them. */
            repaired: number;
            /** @description Payments in the list that did not come through here. Nothing is done about them. */
            foreign: number;
            /** @description Payments of yours that are right, although no webhook ever spoke of them. */
            unheard: number;
            /** @description The first 100. */
            missed_payments: {
                payment: string | null;
                provider_reference: string;
                was: string | null;
                provider_status: string;
                status: string | null;
                repaired: boolean;
                why: string | null;
            }[];
            /** @description The first 100. */
            foreign_payments: {
                provider_reference: string;
                provider_status: string;
                amount: number;
                currency: string;
                reference: string | null;
                created_at: string | null;
            }[];
            error: {
                code: string;
                provider_code: string | null;
            } | null;
            /** Format: date-time */
            started_at: string;
            finished_at: string | null;
        };
        /** Connection */
        Connection: {
            id: string;
            /** @enum {string} */
            object: "connection";
            provider: string;
            /** @enum {string} */
            mode: "test" | "live";
            label: string;
            enabled: boolean;
            settings: {
                [key: string]: string | number | boolean;
            };
            account: {
                id: string;
                country?: string;
                name?: string;
                currency?: string;
            } | null;
            credentials: {
                [key: string]: {
                    /** @description The same secret has the same fingerprint in one tenant, and another elsewhere. */
                    fingerprint: string;
                    hint: string;
                    version: number;
                    /** Format: date-time */
                    since: string;
                    valid_until: string | null;
                };
            };
            webhook_url: string;
            webhook: {
                registered: boolean;
                url: string | null;
                registered_at: string | null;
                provider_reference: string | null;
                first_event_at: string | null;
                last_event_at: string | null;
            };
            /**
             * @description How it is connected: with keys, or by consent at the provider.
             * @enum {string}
             */
            auth: "keys" | "oauth";
            reconnect: {
                /** Format: date-time */
                since: string;
                reason: string;
            } | null;
            shadow_scheme: string | null;
            /** @enum {string} */
            health: "untested" | "healthy" | "failing" | "reconnect" | "disabled";
            tested_at: string | null;
            stamps: components["schemas"]["StampReading"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** ConnectionCosts */
        ConnectionCosts: {
            /** @enum {string} */
            object: "connection_costs";
            connection: string;
            costs: {
                /** @enum {string} */
                kind: "payment" | "document";
                currency: string;
                method: string | null;
                from: string | null;
                percent: string;
                fixed: number;
                vat_percent: string;
            }[];
        };
        /** ConnectionFigures */
        ConnectionFigures: {
            /** @enum {string} */
            object: "connection_figures";
            connection: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /** @enum {string} */
            interval: "hour" | "day";
            series: {
                /** Format: date-time */
                at: string;
                accepted: number;
                /** @description Counted when the event that they repeat came. */
                duplicates: number;
                refused: number;
                parked: number;
                unmatched: number;
                calls: number;
                errors: number;
                p50_ms: number | null;
                p95_ms: number | null;
            }[];
        };
        /** ConnectionHealth */
        ConnectionHealth: {
            /** @enum {string} */
            health: "untested" | "healthy" | "failing" | "reconnect" | "disabled";
            tested_at: string | null;
            last_success_at: string | null;
            last_error: {
                code: string;
                message: string;
                provider_code: string | null;
                /** Format: date-time */
                at: string;
            } | null;
            failures_in_row: number;
            /** @description While it is open another connection goes first, where one can; then one call tries this one again. */
            breaker: {
                /** @enum {string} */
                state: "closed" | "open" | "half_open";
                /** @description Failures in a row. */
                opens_after: number;
                probe_at: string | null;
            };
            last_hour: {
                /** Format: date-time */
                from: string;
                calls: number;
                succeeded: number;
                /** @description The provider said no, such as a declined card: it is well. */
                refused: number;
                /** @description No whole answer came: it may have acted. */
                unknown: number;
                /** @description It was not reached, or our own limit held it back. */
                nowhere: number;
                success_rate: number | null;
                answered_rate: number | null;
                p50_ms: number | null;
                p95_ms: number | null;
                longest_ms: number | null;
                /** @description Payment attempts that were begun in this time and have ended; the newest 20,000 at most. */
                payments: {
                    ended: number;
                    failed: number;
                    failure_rate: number | null;
                };
                webhooks: {
                    /** @description At most 20,000 are counted. */
                    taken: number;
                    refused: number;
                    unmatched: number;
                    refused_share: number | null;
                };
            };
            last_day: {
                /** Format: date-time */
                from: string;
                calls: number;
                succeeded: number;
                /** @description The provider said no, such as a declined card: it is well. */
                refused: number;
                /** @description No whole answer came: it may have acted. */
                unknown: number;
                /** @description It was not reached, or our own limit held it back. */
                nowhere: number;
                success_rate: number | null;
                answered_rate: number | null;
                p50_ms: number | null;
                p95_ms: number | null;
                longest_ms: number | null;
                /** @description Payment attempts that were begun in this time and have ended; the newest 20,000 at most. */
                payments: {
                    ended: number;
                    failed: number;
                    failure_rate: number | null;
                };
                webhooks: {
                    /** @description At most 20,000 are counted. */
                    taken: number;
                    refused: number;
                    unmatched: number;
                    refused_share: number | null;
                };
            };
            webhook: {
                registered: boolean;
                first_event_at: string | null;
                last_event_at: string | null;
                refused: number;
                last_refused_at: string | null;
                shadow: {
                    scheme: string;
                    agreed: number;
                    differed: number;
                    since: string | null;
                } | null;
            };
        };
        /** ConnectionTest */
        ConnectionTest: {
            ok: boolean;
            /** @enum {string} */
            health: "untested" | "healthy" | "failing" | "reconnect" | "disabled";
            /** @enum {string} */
            mode: "test" | "live";
            account: {
                id: string;
                country?: string;
                name?: string;
                currency?: string;
            } | null;
            /** @description What was done and seen, one line each. */
            evidence: string[];
            error: {
                code: string;
                message: string;
                provider_code: string | null;
                /** Format: date-time */
                at: string;
            } | null;
            operation: string;
        };
        /** Customer */
        Customer: {
            id: string;
            /** @enum {string} */
            object: "customer";
            /** @enum {string} */
            mode: "test" | "live";
            name: string | null;
            email: string | null;
            phone: string | null;
            tax_id: string | null;
            address: {
                line1?: string;
                line2?: string;
                city?: string;
                state?: string;
                postal_code?: string;
                /** @description ISO 3166-1 alpha-2. */
                country?: string;
            } | null;
            reference: string | null;
            metadata: {
                [key: string]: string;
            };
            default_payment_method: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** Cycle */
        Cycle: {
            id: string;
            /** @enum {string} */
            object: "cycle";
            /** @enum {string} */
            mode: "test" | "live";
            subscription: string;
            /** @enum {string} */
            status: "draft" | "open" | "paid" | "uncollectible" | "void";
            amount: number;
            currency: string;
            period_start: string | null;
            period_end: string | null;
            attempts: number;
            next_attempt_at: string | null;
            payment: string | null;
            error: components["schemas"]["ProviderProblem"] | null;
            provider_reference: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** Dashboard */
        Dashboard: {
            /** @enum {string} */
            object: "dashboard";
            /** @enum {string} */
            mode: "test" | "live";
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /** @enum {string} */
            interval: "hour" | "day";
            /** @description Made in this time, as they stand now. The rate: taken or authorised, of those and the failed, expired and declined. */
            payments: {
                total: number;
                by_status: {
                    [key: string]: number;
                };
                /** @description Of those that wait for another method: how many were declined. */
                declined: number;
                success_rate: number | null;
            };
            volume: {
                currency: string;
                /** @description That took money. */
                payments: number;
                /** @description Minor units. Taken. */
                captured: number;
                refunds: number;
                /** @description Minor units. By refunds made in this time that succeeded. */
                refunded: number;
                /** @description Minor units. Captured less refunded. */
                net: number;
                disputes: number;
                /** @description Minor units. Of disputes opened in this time. */
                disputed: number;
            }[];
            methods: {
                method: string | null;
                currency: string;
                payments: number;
                /** @description Minor units. Taken. */
                captured: number;
                success_rate: number | null;
            }[];
            connections: {
                connection: string | null;
                provider: string | null;
                label: string | null;
                payments: number;
                success_rate: number | null;
                calls: number;
                /** @description Calls that ended badly: refused, not sent, or of unknown outcome. */
                errors: number;
                /** @description Percentiles to within a tenth. */
                latency: {
                    p50_ms: number | null;
                    p95_ms: number | null;
                    p99_ms: number | null;
                    mean_ms: number | null;
                };
            }[];
            stamping: {
                stamped: number;
                rejected: number;
                canceled: number;
                /** @description Neither: on their way, or drafts. */
                waiting: number;
                /** @description That asked a PAC or an authority for a document. */
                calls: number;
                errors: number;
                error_rate: number | null;
            };
            fees: {
                currency: string;
                /** @description Minor units. By providers, for movements of this time. */
                told: number;
                /** @description Minor units. By the costs of connections, for all that was captured; rounded once, so the report, which rounds each, may differ by some units. */
                expected: number;
                /** @description Minor units. What PACs take for what was stamped. */
                documents: number;
            }[];
            webhooks: {
                accepted: number;
                duplicates: number;
                refused: number;
                parked: number;
                unmatched: number;
            };
            /** @description As they stand now. */
            alerts: {
                open: number;
                critical: number;
                /** @description Seen, and not over. */
                acknowledged: number;
            };
            series: {
                /** Format: date-time */
                at: string;
                payments: number;
                succeeded: number;
                failed: number;
                stamped: number;
                rejected: number;
                volume: {
                    currency: string;
                    captured: number;
                    refunded: number;
                }[];
            }[];
        };
        /** Delivery */
        Delivery: {
            id: string;
            /** @enum {string} */
            object: "delivery";
            /** @enum {string} */
            mode: "test" | "live";
            endpoint: string;
            /** @description Also the header `webhook-id`. */
            event: string;
            event_type: string;
            /** @description Whose event it is. */
            tenant: string;
            test: boolean;
            /** @enum {string} */
            status: "pending" | "succeeded" | "failed";
            attempts: number;
            last_attempt: {
                /** Format: date-time */
                at: string;
                http_status: number | null;
                error: string | null;
                duration_ms: number | null;
            } | null;
            error: string | null;
            next_attempt_at: string | null;
            /** Format: date-time */
            created_at: string;
            ended_at: string | null;
        };
        /** DeliveryDetail */
        DeliveryDetail: {
            id: string;
            /** @enum {string} */
            object: "delivery";
            /** @enum {string} */
            mode: "test" | "live";
            endpoint: string;
            /** @description Also the header `webhook-id`. */
            event: string;
            event_type: string;
            /** @description Whose event it is. */
            tenant: string;
            test: boolean;
            /** @enum {string} */
            status: "pending" | "succeeded" | "failed";
            attempts: number;
            last_attempt: {
                /** Format: date-time */
                at: string;
                http_status: number | null;
                error: string | null;
                duration_ms: number | null;
            } | null;
            error: string | null;
            next_attempt_at: string | null;
            /** Format: date-time */
            created_at: string;
            ended_at: string | null;
            /** @description The newest 20 attempts, oldest first. */
            log: {
                /** Format: date-time */
                at: string;
                duration_ms: number;
                http_status: number | null;
                error: string | null;
                response: {
                    headers: {
                        [key: string]: string;
                    };
                    /** @description The first kilobyte, without secrets. */
                    body: string;
                } | null;
            }[];
        };
        /** Dispute */
        Dispute: {
            id: string;
            /** @enum {string} */
            object: "dispute";
            /** @enum {string} */
            mode: "test" | "live";
            payment: string;
            /** @enum {string} */
            status: "warning_needs_response" | "warning_under_review" | "warning_closed" | "needs_response" | "under_review" | "won" | "lost" | "accepted";
            /** @enum {string} */
            reason: "fraudulent" | "duplicate" | "product_not_received" | "product_unacceptable" | "subscription_canceled" | "credit_not_processed" | "unrecognized" | "incorrect_amount" | "general";
            provider_reason: string | null;
            amount: number;
            currency: string;
            fee: number | null;
            evidence_due_by: string | null;
            evidence_submitted: boolean;
            evidence: {
                /** @description What was sold. */
                product_description?: string;
                customer_name?: string;
                /** Format: email */
                customer_email?: string;
                shipping_carrier?: string;
                shipping_tracking_number?: string;
                shipping_date?: string;
                /** @description How and when the buyer was shown the refund policy. */
                refund_policy_disclosure?: string;
                /** @description Everything else that speaks for you. */
                explanation?: string;
            } | null;
            pending: ("submit_evidence" | "accept_dispute") | null;
            error: components["schemas"]["ProviderProblem"] | null;
            provider: string;
            connection: string;
            provider_reference: string;
            provider_status: string;
            /** Format: date-time */
            opened_at: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** Document */
        Document: {
            id: string;
            /** @enum {string} */
            object: "document";
            /** @enum {string} */
            mode: "test" | "live";
            /** @description `xml`: the fiscal document as it was stamped; `pdf`; `receipt`: the authority’s acknowledgement (acuse) … */
            kind: string;
            /** @description What it belongs to. */
            subject: string;
            name: string;
            content_type: string;
            bytes: number;
            sha256: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            retain_until: string;
            deleted_at: string | null;
        };
        /** DocumentLink */
        DocumentLink: {
            url: string;
            /** Format: date-time */
            expires_at: string;
        };
        /** EInvoice */
        EInvoice: {
            task_id: string;
            invoice_id: string;
            /** @enum {string} */
            status: "enqueued" | "sent" | "authorized" | "rejected" | "canceled" | "draft";
            invoice_status: string;
            clave_acceso: string | null;
            fiscal_id: string | null;
            errors: {
                code: string;
                message: string;
            }[];
        };
        /** EcInvoiceBody */
        EcInvoiceBody: {
            /** @description infoAdicional; “RUC Proveedor” is written by the hub and counts. */
            additional_info?: {
                name: string;
                value: string;
            }[];
            /** @description Where it is paid in parts; the whole by payment.form when absent. */
            payments?: {
                /** @description Table 24 */
                form: string;
                total: string;
                term?: string;
                /** @description unidadTiempo: dias, meses … */
                unit?: string;
            }[];
            tip?: string;
            /** @description 001-001-000000001 */
            delivery_note?: string;
            /** @description Transport: the vehicle */
            plate?: string;
            /** @description otrosRubrosTerceros: collected for others, outside the total (version 2.1.0). */
            third_party_items?: {
                concept: string;
                total: string;
            }[];
            /** @description motivo of a credit note */
            reason?: string;
            modified?: {
                document: string;
                /** @description 001-001-000000001 */
                number: string;
                /** Format: date */
                issued_on: string;
            };
            withholding?: {
                /** @description periodoFiscal: mm/yyyy */
                period: string;
                related_party?: boolean;
                /** @enum {string} */
                subject_type?: "01" | "02";
                documents: {
                    /** @description codSustento of the ATS */
                    support: string;
                    /** @description codDocSustento: 01 factura … */
                    document: string;
                    /** @description 001-001-000000001 */
                    number: string;
                    /** Format: date */
                    issued_on: string;
                    /** Format: date */
                    registered_on?: string;
                    authorization?: string;
                    subtotal: string;
                    total: string;
                    taxes: {
                        type: string;
                        rate: string;
                        code?: string;
                        exempt?: boolean;
                        base: string;
                    }[];
                    withheld: {
                        /** @enum {string} */
                        type: "RENTA" | "IVA" | "ISD";
                        /** @description RENTA: of the form 103; IVA: table 20 */
                        code: string;
                        base: string;
                        /** @description In percent: 1.75 */
                        percent: string;
                    }[];
                    payments: {
                        /** @description Table 24 */
                        form: string;
                        total: string;
                    }[];
                }[];
            };
            delivery?: {
                /** @description dirPartida */
                from: string;
                /** Format: date */
                starts_on: string;
                /** Format: date */
                ends_on: string;
                plate: string;
                carrier: {
                    name: string;
                    tax_id: string;
                    tax_id_type?: string;
                };
                /** @description motivoTraslado */
                reason: string;
                route?: string;
                destination_establishment?: string;
                customs_document?: string;
                support?: {
                    document: string;
                    /** @description 001-001-000000001 */
                    number: string;
                    authorization?: string;
                    /** Format: date */
                    issued_on: string;
                };
            };
        };
        /** EsInvoiceBody */
        EsInvoiceBody: {
            /**
             * @description FC complete (when absent), FA simplified
             * @enum {string}
             */
            document?: "FC" | "FA";
            /** Format: date */
            operation_date?: string;
            period?: {
                /** Format: date */
                start: string;
                /** Format: date */
                end: string;
            };
            /** @enum {string} */
            language?: "es" | "ca" | "eu" | "gl" | "en" | "fr" | "de" | "pt" | "it";
            description?: string;
            /** @description The buyer’s order. */
            transaction_reference?: string;
            /** @description The buyer’s contract. */
            contract_reference?: string;
            /** @description The buyer’s file (expediente). */
            file_reference?: string;
            corrective?: {
                /**
                 * @description ReasonCode: 01–16 (RD 1619/2012), 80–85 (art. 80 LIVA)
                 * @default 16
                 */
                reason?: string;
                /**
                 * @description CorrectionMethod: 01 in full, 02 differences, 03 volume discount, 04 authorised by the AEAT
                 * @default 02
                 * @enum {string}
                 */
                method?: "01" | "02" | "03" | "04";
                /** @description In which the correction takes effect; the month of the corrected invoice when absent. */
                period?: {
                    /** Format: date */
                    start: string;
                    /** Format: date */
                    end: string;
                };
                /** @description Of the corrected invoice, where it is not one of ours. */
                series?: string;
                number?: string;
                /** Format: date */
                issued_on?: string;
                note?: string;
            };
            /** @description Of the whole invoice. */
            discounts?: {
                reason: string;
                rate?: string;
                amount?: string;
            }[];
            /** @description Of the whole invoice. */
            charges?: {
                reason: string;
                rate?: string;
                amount?: string;
            }[];
            /** @description Where it is paid, or collected from (payment.form 02); the issuer’s (`es.iban`) when absent. */
            account?: {
                iban: string;
                bic?: string;
            };
            attachments?: {
                /** @enum {string} */
                format: "xml" | "doc" | "gif" | "rtf" | "pdf" | "xls" | "jpg" | "bmp" | "tiff" | "html";
                /** Format: byte */
                data: string;
                description?: string;
                /** @enum {string} */
                compression?: "ZIP" | "GZIP" | "NONE";
            }[];
            legal_literals?: string[];
            additional_information?: string;
        };
        /** Event */
        Event: {
            id: string;
            /** @description Such as `payment.succeeded`. */
            type: string;
            /** Format: date-time */
            timestamp: string;
            tenant_id: string;
            /** @enum {string} */
            mode: "test" | "live";
            /** @description The object as it was at that moment. */
            data: {
                [key: string]: unknown;
            };
        };
        /** FeeRow */
        FeeRow: {
            /** @description Of the payment, of the movement in the provider’s books, or of the invoice. */
            id: string;
            /**
             * @description `payment`: what taking it cost; `adjustment`: what the provider’s books have beside payments: fees of its own, corrections; `document`: what the PAC takes for a stamp.
             * @enum {string}
             */
            kind: "payment" | "adjustment" | "document";
            /** @description Of a payment its method, of an adjustment its type, of a document its kind. */
            type: string;
            amount: number | null;
            amount_currency: string | null;
            fee: number | null;
            vat: number | null;
            currency: string | null;
            /** @enum {string} */
            source: "provider" | "expected" | "none";
            expected: number | null;
            provider: string | null;
            connection: string | null;
            reference: string | null;
            /** Format: date-time */
            at: string;
        };
        /** FeeTotal */
        FeeTotal: {
            currency: string;
            /** @description Minor units. Fees of payments that providers told. */
            told: number;
            /** @description Minor units. Expected fees of payments of which no provider told. */
            expected: number;
            /** @description Minor units. The tax in what is expected. */
            vat: number;
            /** @description Minor units. Fees that belong to no payment. */
            adjustments: number;
            /** @description Minor units. What PACs take. */
            documents: number;
            /** @description Minor units. All of them. */
            total: number;
            /** @description Rows of which neither is known, by the currency of their amount. */
            unknown: number;
        };
        /** Finding */
        Finding: {
            code: string;
            /** @enum {string} */
            level: "error" | "warning";
            path: string;
            message: string;
        };
        /** GlobalInvoice */
        GlobalInvoice: {
            id: string;
            /** @enum {string} */
            object: "global_invoice";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "making" | "issued" | "replacing" | "canceled";
            issuer: string;
            branch: string | null;
            currency: string;
            period: {
                periodicity: string;
                months: string;
                year: number;
                from: string;
                to: string;
            };
            tickets: number;
            total: string;
            invoice: string | null;
            /** @description Those that it replaced: cancelled with motive 04, because one of their tickets got an invoice of its own. */
            former_invoices: string[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** InboundEvent */
        InboundEvent: {
            id: string;
            /** @enum {string} */
            object: "inbound_event";
            /** @enum {string} */
            mode: "test" | "live";
            connection: string;
            provider: string;
            /** @enum {string} */
            verdict: "verified" | "unverifiable" | "refused";
            event_type: string | null;
            provider_event_id: string | null;
            /** @enum {string} */
            status: "received" | "retrying" | "processed" | "ignored" | "unmatched" | "parked" | "refused";
            reason: string | null;
            attempts: number;
            /** @description How often the same event came again. */
            duplicates: number;
            shadow: {
                scheme: string;
                /** @enum {string} */
                verdict: "verified" | "unverifiable" | "refused";
                reason: string | null;
                agrees: boolean;
            } | null;
            payment: string | null;
            subject: string | null;
            /** Format: date-time */
            received_at: string;
            processed_at: string | null;
            next_run_at: string | null;
        };
        /** InboundEventDetail */
        InboundEventDetail: {
            id: string;
            /** @enum {string} */
            object: "inbound_event";
            /** @enum {string} */
            mode: "test" | "live";
            connection: string;
            provider: string;
            /** @enum {string} */
            verdict: "verified" | "unverifiable" | "refused";
            event_type: string | null;
            provider_event_id: string | null;
            /** @enum {string} */
            status: "received" | "retrying" | "processed" | "ignored" | "unmatched" | "parked" | "refused";
            reason: string | null;
            attempts: number;
            /** @description How often the same event came again. */
            duplicates: number;
            shadow: {
                scheme: string;
                /** @enum {string} */
                verdict: "verified" | "unverifiable" | "refused";
                reason: string | null;
                agrees: boolean;
            } | null;
            payment: string | null;
            subject: string | null;
            /** Format: date-time */
            received_at: string;
            processed_at: string | null;
            next_run_at: string | null;
            headers: {
                [key: string]: string;
            };
            /** @description Scrubbed: secrets and personal data are taken out. */
            body: string;
            address: string | null;
        };
        /** IncidentBundle */
        IncidentBundle: {
            /** @enum {string} */
            object: "incident_bundle";
            /** @enum {number} */
            version: 1;
            /** Format: date-time */
            made_at: string;
            /** @description Version of the hub. */
            pasarela: string;
            provider: {
                id: string;
                /** @enum {string} */
                mode: "test" | "live";
                /** @description SHA-256 of the adapter’s manifest: another one may read the same bytes otherwise. */
                manifest: string;
            };
            /** @description Id of the webhook that it is about. */
            incident: string;
            subject: {
                id: string;
                type: string;
                /** @description Of a payment: what was asked for, without whose it is. */
                request: {
                    [key: string]: unknown;
                };
            } | null;
            /** @description All of the subject, oldest first; the incident is one of them. */
            hooks: {
                id: string;
                url: string;
                headers: {
                    [key: string]: string;
                };
                /** @description Without secrets and personal data. */
                body: string;
                /** @description Of what came. */
                body_bytes: number;
                /** @description False: of a refused webhook only the first 16 KiB were kept. */
                whole: boolean;
                /** @description Of the bytes as they came, under a key of the tenant’s: only the hub can compute it. */
                body_mac: string;
                /** @enum {string} */
                verdict: "verified" | "unverifiable" | "refused";
                reason: string | null;
                status: string;
                event_type: string | null;
                /** Format: date-time */
                received_at: string;
                checked_again: {
                    /** @enum {string} */
                    verdict: "verified" | "unverifiable" | "refused";
                    reason: string | null;
                } | null;
            }[];
            transitions: {
                type: string;
                subject: string;
                status: string | null;
                review: string | null;
                amount: number | null;
                /** Format: date-time */
                at: string;
            }[];
            events: {
                [key: string]: unknown;
            }[];
            alerts: {
                kind: string;
                severity: string;
                times: number;
                /** Format: date-time */
                at: string;
                resolved_at: string | null;
            }[];
            operations: {
                [key: string]: unknown;
            }[];
            /** @description Over all of the above, under a key of the tenant’s: a changed bundle is found (`pasarela incidents verify`). */
            seal: string;
        };
        /** Invoice */
        Invoice: {
            id: string;
            /** @enum {string} */
            object: "invoice";
            /** @enum {string} */
            mode: "test" | "live";
            country: string;
            kind: string;
            /** @enum {string} */
            status: "draft" | "queued" | "signed" | "submitted" | "unknown" | "issued" | "rejected" | "cancel_requested" | "cancel_pending_acceptance" | "canceled" | "cancel_rejected";
            review: string | null;
            issuer: string;
            connection: string | null;
            provider: string | null;
            series: string | null;
            number: string | null;
            fiscal_id: string | null;
            customer: {
                [key: string]: unknown;
            };
            lines: {
                [key: string]: unknown;
            }[];
            totals: {
                subtotal: string;
                discount: string;
                taxes: string;
                withheld: string;
                total: string;
            };
            currency: string;
            exchange_rate: string | null;
            payment: {
                [key: string]: unknown;
            };
            /** @enum {string} */
            payment_status: "unpaid" | "partly_paid" | "paid" | "not_applicable";
            /** @description What came and stayed: refunds and disputes take it back. */
            amount_paid: string;
            /** @description By credit notes. */
            amount_credited: string;
            amount_due: string;
            due: string | null;
            related: {
                type: string;
                fiscal_id: string;
            }[];
            payment_id: string | null;
            about: string | null;
            authority_messages: {
                code: string;
                message: string;
            }[];
            cancellation: {
                motive: string;
                substitute: string | null;
                /** Format: date-time */
                asked_at: string;
                canceled_at: string | null;
            } | null;
            verification_url: string | null;
            documents: {
                id: string;
                kind: string;
                name: string;
            }[];
            reference: string | null;
            metadata: {
                [key: string]: string;
            };
            issued_at: string | null;
            stamped_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /**
         * InvoiceCheck
         * @description In the answer that made it, where `invoice` was sent.
         */
        InvoiceCheck: {
            /** @description False: it breaks the rules in `errors`, and was let through. */
            ok: boolean;
            errors: components["schemas"]["Finding"][];
            /** @description What the provider’s page asks the buyer for. Empty: it cannot ask. */
            collects?: ("tax_id" | "name" | "postal_code" | "regime" | "use")[];
        };
        /** InvoiceCustomer */
        InvoiceCustomer: {
            /** @description As the tax authority has it: in Mexico in capitals, without the corporate suffix. */
            name: string;
            tax_id: string;
            tax_id_type?: string;
            address?: {
                street?: string;
                city?: string;
                region?: string;
                postal_code?: string;
                country?: string;
            };
            /** Format: email */
            email?: string;
            mx?: {
                /** @description c_RegimenFiscal */
                regime?: string;
                /** @description c_UsoCFDI */
                cfdi_use?: string;
                /** @description c_Pais, of a foreign receiver */
                residence?: string;
                foreign_tax_id?: string;
            };
            es?: {
                /**
                 * @description Told by the NIF when absent.
                 * @enum {string}
                 */
                person?: "natural" | "legal";
                /**
                 * @description Told by the country of the address when absent.
                 * @enum {string}
                 */
                residence?: "resident" | "eu" | "foreign";
                /** @description Of a person; then `name` is the given name alone. The last words of `name` when absent. */
                first_surname?: string;
                second_surname?: string;
                trade_name?: string;
                /** @description Of a public buyer: with it the invoice goes to FACe. */
                dir3?: {
                    /** @description Oficina contable (01) */
                    accounting_office?: string;
                    /** @description Órgano gestor (02) */
                    managing_body?: string;
                    /** @description Unidad tramitadora (03) */
                    processing_unit?: string;
                    /** @description Órgano proponente (04) */
                    proposing_body?: string;
                };
            };
        };
        /**
         * InvoiceData
         * @description Of what will be invoiced: whose the document is and what is sold. It is checked by the authority’s rules before anything is charged, and kept sealed.
         */
        InvoiceData: {
            /** @description Whose document it is: its country says by which law. The only one that you have when absent. */
            issuer?: string;
            /** @description Id or code; that of the till, the branch or the issuer when absent. */
            series?: string;
            branch?: string;
            till?: string;
            customer?: components["schemas"]["InvoiceCustomer"];
            /** @description What is sold, in the words of the law. With their taxes they sum to what is charged. Made of the payment’s own `lines` when absent. */
            lines?: components["schemas"]["InvoiceLine"][];
            /** @description How it is paid, by the law’s list (Mexico: c_FormaPago); as the method tells when absent. */
            form?: string;
            /** @description Units of the country’s currency for one of the payment’s. */
            exchange_rate?: string;
            /** @description Mail it to its customer; as the issuer wishes when absent. */
            send?: boolean;
            /**
             * @description What happens when it breaks rules of the authority: nothing is charged and the answer is `invoice_invalid`, or it is charged all the same and the answer tells the rules. As your settings say when absent.
             * @enum {string}
             */
            on_invalid?: "refuse" | "let_through";
        };
        /** InvoiceLine */
        InvoiceLine: {
            description: string;
            quantity: string;
            /** @description Before taxes. */
            unit_price: string;
            /** @description Of the whole line. */
            discount?: string;
            sku?: string;
            unit?: string;
            taxes: {
                /** @description IVA, ISR, IEPS … of the country */
                type: string;
                /** @description A fraction: 0.16 */
                rate: string;
                withheld?: boolean;
                exempt?: boolean;
                /** @description `rate` is an amount a unit, not a fraction. */
                quota?: boolean;
                /** @description Where the law’s base is not the line’s amount. */
                base?: string;
                /** @description The authority’s own code where the rate does not tell it. Ecuador: ICE by table 18; IVA 6, not subject. */
                code?: string;
            }[];
            mx?: {
                /** @description c_ClaveProdServ */
                product_key: string;
                /** @description c_ClaveUnidad */
                unit_key: string;
                /** @description c_ObjetoImp; 02 when there are taxes, 01 when there are none */
                tax_object?: string;
                /** @description Numbers of customs declarations (pedimentos). */
                customs?: string[];
                /** @description Numbers of the cuenta predial, of a rent. */
                property?: string[];
                /** @description On whose account it is sold. */
                third_party?: {
                    tax_id: string;
                    name: string;
                    regime: string;
                    postal_code: string;
                };
            };
            ec?: {
                /** @description codigoAuxiliar */
                auxiliary_code?: string;
                /** @description detallesAdicionales */
                details?: {
                    name: string;
                    value: string;
                }[];
            };
            es?: {
                /** @description Beside `discount`. */
                discounts?: {
                    reason: string;
                    rate?: string;
                    amount?: string;
                }[];
                /** @description Charges of the line. */
                charges?: {
                    reason: string;
                    rate?: string;
                    amount?: string;
                }[];
                special?: {
                    /**
                     * @description 01 exempt, 02 not taxable
                     * @enum {string}
                     */
                    code: "01" | "02";
                    /** @description The provision: `Art. 20.Uno.9º LIVA` */
                    reason: string;
                };
                period?: {
                    /** Format: date */
                    start: string;
                    /** Format: date */
                    end: string;
                };
                information?: string;
            };
        };
        /** InvoicePaymentLink */
        InvoicePaymentLink: {
            /** @enum {string} */
            object: "invoice_payment_link";
            invoice: string;
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "open" | "paid" | "closed" | "expired";
            /** @description Where the customer pays. Whoever has it may pay, and see what is due; nothing else. */
            url: string;
            amount_due: string;
            currency: string;
            due: string | null;
            /** @enum {string} */
            payment_status: "unpaid" | "partly_paid" | "paid" | "not_applicable";
            partial: boolean;
            minimum: number | null;
            methods: string[] | null;
            connection: string | null;
            success_url: string | null;
            expires_at: string | null;
        };
        /** InvoiceReportRow */
        InvoiceReportRow: {
            id: string;
            kind: string;
            country: string;
            /** @enum {string} */
            status: "draft" | "queued" | "signed" | "submitted" | "unknown" | "issued" | "rejected" | "cancel_requested" | "cancel_pending_acceptance" | "canceled" | "cancel_rejected";
            stamped: boolean;
            issuer: string;
            series: string | null;
            number: string | null;
            fiscal_id: string | null;
            authority_status: string | null;
            authority_code: string | null;
            authority_message: string | null;
            review: string | null;
            customer_tax_id: string | null;
            currency: string;
            /** @description Minor units. Its total. */
            amount: number;
            /** @description Minor units. What came and stayed. */
            paid: number;
            /** @description Minor units. By credit notes. */
            credited: number;
            connection: string | null;
            provider: string | null;
            payment: string | null;
            sale: string | null;
            reference: string | null;
            cancel_motive: string | null;
            cancel_asked_at: string | null;
            canceled_at: string | null;
            issued_at: string | null;
            stamped_at: string | null;
            /** Format: date-time */
            created_at: string;
        };
        /** InvoiceTotal */
        InvoiceTotal: {
            currency: string;
            kind: string;
            /** @description Valid: the authority has it, and it was not cancelled. */
            stamped: number;
            /** @description Minor units. Of those. */
            stamped_amount: number;
            unstamped: number;
            /** @description Minor units. Of those. */
            unstamped_amount: number;
            canceled: number;
            /** @description Minor units. Of those. */
            canceled_amount: number;
        };
        /** InvoiceValidation */
        InvoiceValidation: {
            ok: boolean;
            errors: components["schemas"]["Finding"][];
            warnings: components["schemas"]["Finding"][];
            totals: {
                [key: string]: unknown;
            } | null;
        };
        /** Issuer */
        Issuer: {
            id: string;
            /** @enum {string} */
            object: "issuer";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            country: "MX" | "EC" | "ES";
            tax_id: string;
            legal_name: string;
            trade_name: string | null;
            regime: string | null;
            postal_code: string | null;
            address: {
                street?: string;
                city?: string;
                region?: string;
                postal_code?: string;
                country?: string;
            } | null;
            email: string | null;
            phone: string | null;
            website: string | null;
            branches: components["schemas"]["Branch"][];
            logo: {
                content_type: string;
                bytes: number;
                url: string;
            } | null;
            colour: string | null;
            ticket_footer: string | null;
            /** @description For each kind of document the series that is used when nobody names one. */
            default_series: {
                invoice?: string;
                credit_note?: string;
                debit_note?: string;
                payment_receipt?: string;
                global_invoice?: string;
                transfer?: string;
                withholding?: string;
                delivery_note?: string;
                purchase_settlement?: string;
                sale?: string;
            };
            certificate: string | null;
            connection: string | null;
            mail: {
                /** @description Invoices are mailed to their customer as soon as they are issued, where there is an address. */
                send?: boolean;
                /**
                 * @description es when absent.
                 * @enum {string}
                 */
                language?: "es" | "en";
                /**
                 * Format: email
                 * @description Where answers go; `email` when absent.
                 */
                reply_to?: string;
                /** @description Who also gets what is sent by itself. */
                cc?: string[];
            };
            mx: {
                /** @description IANA name, only where the postal code does not tell it: at the northern border. */
                timezone?: string;
                /**
                 * @description `automatic`: a payment of a PPD invoice gets its complemento de pago by itself. `manual` when absent; an invoice may say otherwise.
                 * @enum {string}
                 */
                receipts?: "automatic" | "manual";
                /** @description c_FormaPago by payment method (`{"paypal": "06"}`), where yours is another than the usual one. */
                payment_forms?: {
                    [key: string]: string;
                };
            };
            ec: {
                /** @description Contribuyente especial: number of the resolution. */
                special_taxpayer?: string;
                /** @description Obligado a llevar contabilidad. */
                keeps_accounting?: boolean;
                /** @description Agente de retención: number of the resolution. */
                withholding_agent?: string;
                /** @enum {string} */
                rimpe?: "entrepreneur" | "popular_business";
                /**
                 * @description Digest and signature of its comprobantes; sha1 when absent, which is what the SRI’s Ficha Técnica specifies.
                 * @enum {string}
                 */
                signature?: "sha1" | "sha256";
            };
            es: {
                /** @enum {string} */
                person?: "natural" | "legal";
                /** @enum {string} */
                residence?: "resident" | "eu" | "foreign";
                /** @description Datos registrales, as they fit into a Facturae. */
                registration?: string;
                /** @description Of a person; then `legal_name` is the given name alone. */
                first_surname?: string;
                second_surname?: string;
                /** @description Where its invoices are paid when they do not say otherwise. */
                iban?: string;
                bic?: string;
            };
            /** @description What is taken as it is and should be looked at. */
            warnings: {
                path: string;
                message: string;
            }[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** MadeApiKey */
        MadeApiKey: {
            id: string;
            /** @enum {string} */
            object: "api_key";
            /**
             * @description `tenant`: acts for its tenant; `partner`: for each tenant that granted it; `platform`: for all.
             * @enum {string}
             */
            kind: "tenant" | "partner" | "platform";
            partner: string | null;
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "active" | "expired" | "revoked";
            label: string;
            /** @description The beginning and the end of the key, by which to recognise it. */
            hint: string;
            scopes: string[];
            /** Format: date-time */
            created_at: string;
            expires_at: string | null;
            last_used_at: string | null;
            revoked_at: string | null;
            /** @description The key itself: shown this once. */
            key: string;
        };
        /** Mail */
        Mail: {
            id: string;
            /** @enum {string} */
            object: "mail";
            /** @enum {string} */
            mode: "test" | "live";
            /**
             * @description `sent`: the mail server has taken it for at least one recipient, and each recipient says what became of theirs; `parked`: it is not tried any more.
             * @enum {string}
             */
            status: "queued" | "sending" | "sent" | "refused" | "parked";
            /** @description What it is about: an invoice, a payment. */
            about: string;
            automatic: boolean;
            notice: string | null;
            subject: string | null;
            /** @description Empty once the content was forgotten (MAIL_KEEP). */
            recipients: {
                address: string;
                /** @enum {string} */
                kind: "to" | "cc";
                /** @enum {string} */
                state: "waiting" | "sent" | "refused";
                code: number | null;
                said: string | null;
            }[];
            attachments: string[];
            /** @description The same at every attempt. */
            message_id: string;
            /** @description It was handed over once without an answer, so it may arrive twice, under one Message-ID. */
            uncertain: boolean;
            attempts: number;
            error: {
                code: string;
                message: string | null;
            } | null;
            next_attempt_at: string | null;
            /** Format: date-time */
            created_at: string;
            ended_at: string | null;
        };
        /** MaskedConnection */
        MaskedConnection: {
            id: string;
            provider: string;
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            health: "untested" | "healthy" | "failing" | "reconnect" | "disabled";
            failures_in_row: number;
            last_success_at: string | null;
            last_error: {
                code: string;
                provider_code: string | null;
                /** Format: date-time */
                at: string;
            } | null;
            last_webhook_at: string | null;
            last_hour: {
                /** Format: date-time */
                from: string;
                calls: number;
                succeeded: number;
                /** @description The provider said no, such as a declined card: it is well. */
                refused: number;
                /** @description No whole answer came: it may have acted. */
                unknown: number;
                /** @description It was not reached, or our own limit held it back. */
                nowhere: number;
                success_rate: number | null;
                answered_rate: number | null;
                p50_ms: number | null;
                p95_ms: number | null;
                longest_ms: number | null;
                /** @description Payment attempts that were begun in this time and have ended; the newest 20,000 at most. */
                payments: {
                    ended: number;
                    failed: number;
                    failure_rate: number | null;
                };
                webhooks: {
                    /** @description At most 20,000 are counted. */
                    taken: number;
                    refused: number;
                    unmatched: number;
                    refused_share: number | null;
                };
            };
            last_day: {
                /** Format: date-time */
                from: string;
                calls: number;
                succeeded: number;
                /** @description The provider said no, such as a declined card: it is well. */
                refused: number;
                /** @description No whole answer came: it may have acted. */
                unknown: number;
                /** @description It was not reached, or our own limit held it back. */
                nowhere: number;
                success_rate: number | null;
                answered_rate: number | null;
                p50_ms: number | null;
                p95_ms: number | null;
                longest_ms: number | null;
                /** @description Payment attempts that were begun in this time and have ended; the newest 20,000 at most. */
                payments: {
                    ended: number;
                    failed: number;
                    failure_rate: number | null;
                };
                webhooks: {
                    /** @description At most 20,000 are counted. */
                    taken: number;
                    refused: number;
                    unmatched: number;
                    refused_share: number | null;
                };
            };
        };
        /** NewInvoice */
        NewInvoice: {
            /** @enum {string} */
            country: "MX" | "EC" | "ES";
            /**
             * @description The last three: Ecuador’s retención, guía de remisión and liquidación de compra.
             * @default invoice
             * @enum {string}
             */
            kind?: "invoice" | "credit_note" | "debit_note" | "global_invoice" | "transfer" | "withholding" | "delivery_note" | "purchase_settlement";
            /** @description The only one of the tenant when absent. */
            issuer?: string;
            /** @description Chosen by the routing rules when absent. */
            connection?: string;
            /** @description Id or code; that of the till, the branch or the issuer when absent. */
            series?: string;
            /** @description Of the issuer: chooses the series, and where it is issued. */
            branch?: string;
            /** @description Of the branch: chooses the series. */
            till?: string;
            customer: components["schemas"]["InvoiceCustomer"];
            /** @description At least one; of a withholding none. */
            lines: components["schemas"]["InvoiceLine"][];
            payment?: {
                /** @description Mexico: PUE or PPD */
                method?: string;
                /** @description Mexico: c_FormaPago */
                form?: string;
                /** Format: date */
                due?: string;
                conditions?: string;
            };
            /** @description ISO 4217, upper case. */
            currency: string;
            /** @description Units of the country’s currency for one of `currency`. */
            exchange_rate?: string;
            related?: {
                type: string;
                fiscal_id: string;
            }[];
            local_taxes?: {
                name: string;
                /** @description A fraction: 0.03 for 3 %. */
                rate: string;
                /** @description Computed from `rate` when absent. */
                amount?: string;
                withheld?: boolean;
            }[];
            /** @description The payment that this invoice covers. */
            payment_id?: string;
            mx?: {
                export?: string;
                global?: {
                    periodicity: string;
                    months: string;
                    year: number;
                };
                /** @description LugarExpedicion; the branch’s or the issuer’s when absent. */
                postal_code?: string;
                /** @description IANA zone of the place of issue, where its postal code does not tell it. */
                zone?: string;
                /**
                 * @description How the amounts of lines are rounded: to the currency’s decimals (when absent), or to six.
                 * @enum {string}
                 */
                rounding?: "currency" | "six";
                /** @description Of the PAC, for amounts beyond its limits. */
                confirmation?: string;
                /**
                 * @description Of a PPD invoice: whether payments get their complemento de pago by themselves; as the issuer says when absent.
                 * @enum {string}
                 */
                receipts?: "automatic" | "manual";
            };
            /** @description Mail it to its customer as soon as it is issued; as its issuer wishes (`mail.send`) when absent. */
            send?: boolean;
            ec?: components["schemas"]["EcInvoiceBody"];
            es?: components["schemas"]["EsInvoiceBody"];
            /** @description Your own number. */
            reference?: string;
            metadata?: {
                [key: string]: string;
            };
            /**
             * @description Kept unissued, without a number.
             * @default false
             */
            draft?: boolean;
        };
        /** NewPayment */
        NewPayment: {
            /** @description Minor units of `currency` (ISO 4217 exponent). */
            amount: number;
            /** @description ISO 4217, upper case. */
            currency: string;
            /** @description How the payer pays: `type` is one of the provider’s methods; a card comes only as the provider’s token, or as a method that was saved. */
            method?: {
                type: string;
                token?: string;
                /** @description A saved method of `customer`, instead of a token. */
                payment_method?: string;
                /** @description What else the method asks of its payer, by the names of the provider’s page: a bank (PSE), the kind of document. Never a card number. */
                details?: {
                    [key: string]: string;
                };
            };
            /**
             * @default automatic
             * @enum {string}
             */
            capture?: "automatic" | "manual";
            /** @description Your own order number. */
            reference?: string;
            description?: string;
            /** @description What the payer’s bank shows: 5 to 22 characters, one a letter at least. */
            statement_descriptor?: string;
            /** @description Name, mail and the like of a payer; or the id of a customer (`cus_…`). */
            customer?: {
                name?: string;
                /** Format: email */
                email?: string;
                phone?: string;
                tax_id?: string;
            } | string;
            /** @description The connection to use, and no other. When absent your routing rules choose, or else the oldest usable one; without `method`, never your own bank. */
            connection?: string;
            /** @description The payer’s country (ISO 3166-1 alpha-2), for your routing rules. */
            country?: string;
            /**
             * Format: uri
             * @description Where the payer comes back to after a redirect, whatever came of it.
             */
            return_url?: string;
            /**
             * Format: uri
             * @description Where the payer comes back to when it was paid, instead of `return_url`.
             */
            success_url?: string;
            /**
             * Format: uri
             * @description Where the payer comes back to when it was not; `success_url` when absent.
             */
            cancel_url?: string;
            /** @description The payer is not there. Where the bank wants them all the same, `next_action` is a link that finishes it. */
            off_session?: boolean;
            /** @description Sums to `amount`. */
            lines?: {
                name: string;
                description?: string;
                quantity: number;
                /** @description Minor units of `currency`, tax included. */
                unit_amount: number;
            }[];
            /** @description How much of `amount` is tax, by kind. Told to providers that take it. */
            tax_breakdown?: {
                /** @description Such as `iva`, `ieps`, `ico`. */
                type: string;
                amount: number;
            }[];
            /** @description In how many months, where the provider and the card allow it. */
            installments?: number;
            /**
             * Format: date-time
             * @description When a voucher or a transfer’s instructions end, where the provider lets one choose.
             */
            expires_at?: string;
            /** @description Keeps the method for later charges of `customer`, which must be a `cus_…`. */
            save_method?: boolean;
            /** @description The issued invoice that this collects, or part of it: never more than is due, and never twice at once. */
            invoice_id?: string;
            invoice?: components["schemas"]["InvoiceData"];
            /** @description With `invoice_id`, in a currency that is not that of the invoice’s country: units of that country’s currency for one of `currency` on the day of the payment. The receipt (complemento de pago) says it; without it the receipt waits for you. */
            exchange_rate?: string;
            metadata?: {
                [key: string]: string;
            };
        };
        /** NewRefund */
        NewRefund: {
            /** @description Minor units of `currency` (ISO 4217 exponent). */
            amount?: number;
            /** @enum {string} */
            reason?: "requested_by_customer" | "duplicate" | "fraudulent";
            metadata?: {
                [key: string]: string;
            };
        };
        /** NewSale */
        NewSale: {
            /** @description Who sells; as your settings say when absent. */
            issuer?: string;
            branch?: string;
            till?: string;
            /** @description MXN, USD and EUR by the issuer’s country when absent. */
            currency?: string;
            /** @description Units of the issuer’s currency for one of `currency`, where it is another: its document says it. */
            exchange_rate?: string;
            /** @description With taxes, minor units. Instead of `lines`: then it is one line as your settings describe it. With them it must be their total. */
            amount?: number;
            /** @description Of that one line. */
            description?: string;
            lines?: components["schemas"]["InvoiceLine"][];
            /** @description How it was paid. Their amounts sum to the total; a single one may leave its amount out. Absent: not paid yet. */
            tenders?: {
                /** @description c_FormaPago: 01 cash, 03 transfer, 04 credit card, 28 debit card … Never 99. */
                form: string;
                /** @description Minor units of `currency` (ISO 4217 exponent). */
                amount?: number;
                /** @description The payment of ours that took it. */
                payment?: string;
                /** @description The code of a store credit: this redeems it. */
                store_credit?: string;
            }[];
            /**
             * @description in_person when absent.
             * @enum {string}
             */
            payment_type?: "in_person" | "online";
            customer?: {
                name?: string;
                /** Format: email */
                email?: string;
                phone?: string;
                /** @description Whose sales these are: the customer of yours that has it, or one that is made. */
                tax_id?: string;
                /** @description A customer of yours. */
                customer?: string;
                /** @enum {string} */
                language?: "es" | "en";
                invoice?: components["schemas"]["InvoiceCustomer"];
            };
            /** @description Of a paid one: true gives the buyer a link (or, with `customer.invoice`, the invoice), false puts it into the next global invoice. Undecided when absent. */
            requires_invoice?: boolean;
            /** @description Who took the money. */
            confirmed_by?: string;
            /**
             * Format: date-time
             * @description Now when absent; never in the future.
             */
            sold_at?: string;
            /** @description Your own number. */
            reference?: string;
            metadata?: {
                [key: string]: string;
            };
            /** @description Made by the till: the same id with the same content is the same sale, with another it is a conflict. */
            client_id?: string;
        };
        /**
         * NextAction
         * @description What the payer does next; the fields follow `type`.
         */
        NextAction: {
            /** @enum {string} */
            type: "redirect" | "client_secret" | "voucher" | "bank_transfer" | "qr" | "wallet_push" | "sdk_challenge";
        } & {
            [key: string]: unknown;
        };
        /** Notice */
        Notice: {
            id: string;
            /** @enum {string} */
            object: "notice";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            kind: "payment_received" | "payment_failed" | "payment_pending" | "refund" | "invoice" | "self_invoice_link" | "self_invoice_reminder" | "correct_your_data" | "alert";
            /** @enum {string} */
            channel: "mail" | "whatsapp" | "web_push";
            /** @enum {string} */
            audience: "buyer" | "admin";
            /**
             * @description `sent`: the service has taken it; `refused`: it never will, as it is; `parked`: it is not tried any more; `unknown`: no answer came, and the service cannot know a repeat, so a person decides.
             * @enum {string}
             */
            status: "queued" | "sending" | "sent" | "refused" | "parked" | "unknown";
            /** @description What it is about: a payment, an invoice, a sale. */
            about: string;
            occasion: string | null;
            subject: string | null;
            addressee: string | null;
            mail: string | null;
            /** @description By web push: what became of it at each browser. */
            places: {
                id: string;
                /** @enum {string} */
                state: "waiting" | "sent" | "gone" | "refused";
                code: string | null;
            }[];
            provider_reference: string | null;
            /** @description An answer was lost once. By mail and web push it is sent again, in a way by which it is known for the same. */
            uncertain: boolean;
            attempts: number;
            error: {
                code: string;
                message: string | null;
            } | null;
            next_attempt_at: string | null;
            /** Format: date-time */
            created_at: string;
            ended_at: string | null;
        };
        /** NotificationChannel */
        NotificationChannel: {
            id: string;
            /** @enum {string} */
            object: "notification_channel";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            type: "mail" | "whatsapp" | "web_push";
            label: string;
            enabled: boolean;
            /**
             * @description What becomes of a notice whose answer was lost: it is sent again in a way by which it is known for the same, or it is `unknown` until a person decides.
             * @enum {string}
             */
            guarantee: "at_least_once" | "at_most_once";
            /** @description What is no secret. */
            settings: {
                [key: string]: unknown;
            };
            credentials: {
                [key: string]: {
                    fingerprint: string;
                    hint: string;
                };
            };
            public_key: string | null;
            webhook: {
                url: string;
                verify_token: string;
            } | null;
            /** @enum {string} */
            health: "untested" | "healthy" | "failing";
            last_error: string | null;
            tested_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** NotificationChannelTest */
        NotificationChannelTest: {
            ok: boolean;
            /** @enum {string} */
            health: "healthy" | "failing";
            /** @description What was done and seen, one line each. */
            evidence: string[];
            error: {
                code: string;
                message: string | null;
            } | null;
        };
        /** NotificationSettings */
        NotificationSettings: {
            /** @enum {string} */
            object: "notification_settings";
            /** @enum {string} */
            mode: "test" | "live";
            /**
             * @description In which the tenant’s own people are written to.
             * @enum {string}
             */
            language: "es" | "en";
            /** @description Who is written to as the administrator; its users of that role when empty. */
            admin_emails: string[];
            /** @description What a provider mails to the buyer itself (Stripe’s receipts, a PAC’s invoices): it is not mailed a second time. */
            told_by_provider: {
                connection: string;
                kinds: ("payment_received" | "payment_failed" | "payment_pending" | "refund" | "invoice" | "self_invoice_link" | "self_invoice_reminder" | "correct_your_data" | "alert")[];
            }[];
            /** @description Every kind of notice: to whom by which channel, and the days of those that have some. */
            notices: {
                [key: string]: unknown;
            };
        };
        /** OAuthBegun */
        OAuthBegun: {
            /** @enum {string} */
            object: "oauth_begun";
            /** @description Where the person who owns the account goes, in a browser, once. */
            url: string;
            /** Format: date-time */
            expires_at: string;
        };
        /** OpenSession */
        OpenSession: {
            id: string;
            /** @enum {string} */
            object: "session";
            user: {
                id: string;
                email: string;
                name: string;
                /** @enum {string} */
                role: "platform_admin" | "support" | "tenant_admin" | "tenant_member" | "viewer";
            };
            tenant: {
                id: string;
                name: string;
                /** @enum {string} */
                kind: "tenant" | "platform";
            };
            /** @description What the user may do. */
            scopes: string[];
            /** @description Send it as X-CSRF-Token with every POST, PUT, PATCH and DELETE. */
            csrf_token: string;
            /** Format: date-time */
            expires_at: string;
        };
        /** Operation */
        Operation: {
            id: string;
            /** @enum {string} */
            object: "operation";
            /** @enum {string} */
            mode: "test" | "live";
            connection: string;
            provider: string;
            /** @description What was asked, such as `create_payment`. */
            kind: string;
            subject: string | null;
            /**
             * @description `refused`: the provider said no; `unknown`: it may have acted; `nowhere`: it was never reached.
             * @enum {string}
             */
            outcome: "running" | "succeeded" | "refused" | "unknown" | "nowhere";
            error_code: string | null;
            provider_code: string | null;
            http_status: number | null;
            duration_ms: number | null;
            idempotency_key: string | null;
            request_id: string | null;
            /** Format: date-time */
            started_at: string;
            finished_at: string | null;
        };
        /** OperationDetail */
        OperationDetail: {
            id: string;
            /** @enum {string} */
            object: "operation";
            /** @enum {string} */
            mode: "test" | "live";
            connection: string;
            provider: string;
            /** @description What was asked, such as `create_payment`. */
            kind: string;
            subject: string | null;
            /**
             * @description `refused`: the provider said no; `unknown`: it may have acted; `nowhere`: it was never reached.
             * @enum {string}
             */
            outcome: "running" | "succeeded" | "refused" | "unknown" | "nowhere";
            error_code: string | null;
            provider_code: string | null;
            http_status: number | null;
            duration_ms: number | null;
            idempotency_key: string | null;
            request_id: string | null;
            /** Format: date-time */
            started_at: string;
            finished_at: string | null;
            /** @description What was said, without secrets. */
            exchanges: {
                method: string;
                url: string;
                status?: number;
                duration_ms: number;
                request?: string;
                response?: string;
                error?: string;
            }[];
        };
        /**
         * PageInvoiceData
         * @description Of what will be invoiced: whose the document is and what is sold. It is checked by the authority’s rules before anything is charged, and kept sealed.
         */
        PageInvoiceData: {
            /** @description Whose document it is: its country says by which law. The only one that you have when absent. */
            issuer?: string;
            /** @description Id or code; that of the till, the branch or the issuer when absent. */
            series?: string;
            branch?: string;
            till?: string;
            customer?: components["schemas"]["InvoiceCustomer"];
            /** @description What is sold, in the words of the law. With their taxes they sum to what is charged. Made of the payment’s own `lines` when absent. */
            lines?: components["schemas"]["InvoiceLine"][];
            /** @description How it is paid, by the law’s list (Mexico: c_FormaPago); as the method tells when absent. */
            form?: string;
            /** @description Units of the country’s currency for one of the payment’s. */
            exchange_rate?: string;
            /** @description Mail it to its customer; as the issuer wishes when absent. */
            send?: boolean;
            /**
             * @description What happens when it breaks rules of the authority: nothing is charged and the answer is `invoice_invalid`, or it is charged all the same and the answer tells the rules. As your settings say when absent.
             * @enum {string}
             */
            on_invalid?: "refuse" | "let_through";
            /** @description The page asks the buyer for what the document needs, as far as the provider’s page can. What was typed there goes before `customer`. */
            collect?: boolean;
        };
        /** Partner */
        Partner: {
            id: string;
            /** @enum {string} */
            object: "partner";
            name: string;
            /** Format: date-time */
            created_at: string;
        };
        /** PartnerGrant */
        PartnerGrant: {
            /** @enum {string} */
            object: "partner_grant";
            partner: string;
            tenant: string;
        };
        /** Payment */
        Payment: {
            id: string;
            /** @enum {string} */
            object: "payment";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "requires_payment_method" | "requires_action" | "processing" | "authorized" | "succeeded" | "canceled" | "failed" | "expired" | "unknown";
            amount: number;
            currency: string;
            amount_capturable: number;
            amount_captured: number;
            /** @description Of a transfer that comes in parts: what is there so far. */
            amount_received: number;
            /** @description What is still to come; 0 when nothing is waited for. */
            amount_remaining: number;
            amount_refunded: number;
            /** @enum {string} */
            capture: "automatic" | "manual";
            method: {
                type: string;
                payment_method?: string;
                brand?: string;
                last4?: string;
                wallet?: string;
                /** @description Of a card: credit, debit or prepaid. */
                funding?: string;
            } | null;
            origin: {
                /** @enum {string} */
                type: "checkout_session" | "payment_link" | "subscription";
                id: string;
            } | null;
            reference: string | null;
            description: string | null;
            statement_descriptor: string | null;
            customer: {
                [key: string]: unknown;
            } | null;
            return_url: string | null;
            success_url: string | null;
            cancel_url: string | null;
            lines: {
                name: string;
                description?: string;
                quantity: number;
                /** @description Minor units of `currency`, tax included. */
                unit_amount: number;
            }[] | null;
            tax_breakdown: {
                /** @description Such as `iva`, `ieps`, `ico`. */
                type: string;
                amount: number;
            }[] | null;
            installments: number | null;
            expires_at: string | null;
            save_method: boolean;
            invoice_id: string | null;
            invoice?: components["schemas"]["InvoiceCheck"];
            metadata: {
                [key: string]: string;
            };
            provider: string;
            connection: string;
            provider_reference: string | null;
            provider_status: string | null;
            attempts: number;
            next_action: components["schemas"]["NextAction"] | null;
            error: components["schemas"]["ProviderProblem"] | null;
            review: {
                reason: string;
                provider_amount: number;
                provider_currency: string;
                provider_status: string;
                /** @enum {string} */
                status: "requires_payment_method" | "requires_action" | "processing" | "authorized" | "succeeded" | "canceled" | "failed" | "expired" | "unknown";
                provider_reference: string;
                amount_captured: number;
            } | null;
            disputed: boolean;
            dispute: {
                id: string;
                status: string;
                reason: string;
                amount: number;
                evidence_due_by: string | null;
            } | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** PaymentLink */
        PaymentLink: {
            id: string;
            /** @enum {string} */
            object: "payment_link";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "unknown" | "open" | "complete" | "expired" | "failed";
            url: string | null;
            amount: number;
            currency: string;
            /** @enum {string} */
            capture: "automatic" | "manual";
            lines: {
                name: string;
                description?: string;
                quantity: number;
                /** @description Minor units of `currency`, tax included. */
                unit_amount: number;
            }[] | null;
            methods: string[] | null;
            reference: string | null;
            description: string | null;
            statement_descriptor: string | null;
            metadata: {
                [key: string]: string;
            };
            success_url: string | null;
            expires_at: string | null;
            collect_tax_id: boolean;
            invoice_id: string | null;
            invoice?: components["schemas"]["InvoiceCheck"];
            provider: string;
            connection: string;
            provider_reference: string | null;
            provider_status: string | null;
            error: components["schemas"]["ProviderProblem"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            max_payments: number | null;
            totals: {
                /** @description That were paid or authorised. */
                payments: number;
                /** @description What was taken, in minor units. */
                amount: number;
            };
        };
        /** PaymentMethod */
        PaymentMethod: {
            id: string;
            /** @enum {string} */
            object: "payment_method";
            /** @enum {string} */
            mode: "test" | "live";
            customer: string;
            connection: string;
            provider: string;
            type: string;
            /** @enum {string} */
            status: "unknown" | "requires_action" | "active" | "failed" | "removed";
            brand: string | null;
            last4: string | null;
            exp_month: number | null;
            exp_year: number | null;
            default: boolean;
            next_action: components["schemas"]["NextAction"] | null;
            error: components["schemas"]["ProviderProblem"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** PersonErasure */
        PersonErasure: {
            /** @enum {string} */
            object: "person_erasure";
            /** @enum {string} */
            mode: "test" | "live";
            erased: {
                customers: number;
                sales: number;
                fiscal_data: number;
                mails: number;
                notices: number;
            };
            kept: {
                id: string;
                /**
                 * @description `law`: an issued document, or a payment, which the law wants kept; `not_issued`: an invoice that was not stamped yet, which you may change; `open_sale`: its invoice is still to be made; `open_subscription`: cancel it first; `being_sent`: ask again when it went out.
                 * @enum {string}
                 */
                reason: "law" | "not_issued" | "open_sale" | "open_subscription" | "being_sent";
                until: string | null;
            }[];
            /** Format: date-time */
            erased_at: string;
        };
        /**
         * PersonExport
         * @description All that is kept about one person.
         */
        PersonExport: {
            /** @enum {string} */
            object: "person_export";
            /** @enum {string} */
            mode: "test" | "live";
            customers: {
                [key: string]: unknown;
            }[];
            sales: {
                [key: string]: unknown;
            }[];
            fiscal_data: {
                [key: string]: unknown;
            }[];
            invoices: {
                [key: string]: unknown;
            }[];
            payments: {
                [key: string]: unknown;
            }[];
            mails: {
                [key: string]: unknown;
            }[];
            notices: {
                [key: string]: unknown;
            }[];
            /** Format: date-time */
            exported_at: string;
        };
        /** Plan */
        Plan: {
            id: string;
            /** @enum {string} */
            object: "plan";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "active" | "archived";
            name: string;
            amount: number;
            currency: string;
            /** @enum {string} */
            interval: "day" | "week" | "month" | "year";
            interval_count: number;
            trial_days: number | null;
            reference: string | null;
            metadata: {
                [key: string]: string;
            };
            /** Format: date-time */
            created_at: string;
            archived_at: string | null;
        };
        /**
         * Problem
         * @description An error (RFC 9457).
         */
        Problem: {
            /**
             * Format: uri
             * @description Where the code is explained.
             */
            type: string;
            /** @description What the code means, in the language of Accept-Language. */
            title: string;
            status: number;
            /** @description Stable; the codes are listed in docs/errors.md. */
            code: string;
            /** @description What happened this time, for a person. */
            detail: string;
            errors?: {
                /** @description The field, such as `lines[0].quantity`. */
                path: string;
                message: string;
                /** @description The authority’s own code of a broken rule (CFDI40161 …). */
                code?: string;
            }[];
            provider?: {
                id: string;
                /** @description The provider’s own code, verbatim. */
                code?: string;
                /** @description The provider’s own sentence, verbatim. */
                message?: string;
            };
            /** @description Of a certificate that was refused: the pre-flight report, as `POST /v1/certificates` with `dry_run` gives it. */
            report?: Record<string, never>;
            /** @description Say it to support; it is also the header Request-Id. */
            request_id: string;
        };
        /** Provider */
        Provider: {
            id: string;
            /** @enum {string} */
            object: "provider";
            name: string;
            families: ("payments" | "invoicing" | "register" | "records")[];
            experimental: boolean;
            countries: string[];
            currencies: string[];
            methods: {
                type: string;
                currencies?: string[];
                countries?: string[];
                experimental?: boolean;
            }[];
            collects?: ("tax_id" | "name" | "postal_code" | "regime" | "use")[];
            modes: ("test" | "live")[];
            credentials: {
                properties: {
                    [key: string]: {
                        /** @enum {string} */
                        type: "string";
                        title: {
                            es: string;
                            en: string;
                        };
                        help: {
                            es: string;
                            en: string;
                        };
                        where: {
                            es: string;
                            en: string;
                        };
                        pattern?: string;
                        minLength?: number;
                        maxLength?: number;
                        placeholder?: string;
                        secret: boolean;
                        /** @enum {string} */
                        kind: "text" | "cer+key" | "p12";
                    };
                };
                required: string[];
            };
            settings: {
                properties: {
                    [key: string]: {
                        /** @enum {string} */
                        type: "string" | "integer" | "boolean";
                        description: {
                            es: string;
                            en: string;
                        };
                        default: string | number | boolean;
                        enum?: string[];
                        pattern?: string;
                        minimum?: number;
                        maximum?: number;
                    };
                };
            };
            setup_steps: {
                es: string;
                en: string;
            }[];
            webhooks: {
                events: string[];
                secret: string;
                /** @enum {string} */
                signs: "body" | "partial" | "none";
                answer_within_ms: number;
                manual_steps: {
                    es: string;
                    en: string;
                }[];
            } | null;
            retry_safety: {
                [key: string]: "idempotency-key" | "natural-key" | "query-first" | "never";
            };
            capabilities: string[];
            webhook_by_api: boolean;
            oauth?: {
                button: {
                    es: string;
                    en: string;
                };
                app: {
                    properties: {
                        [key: string]: {
                            title: {
                                es: string;
                                en: string;
                            };
                            where: {
                                es: string;
                                en: string;
                            };
                            pattern?: string;
                            secret: boolean;
                        };
                    };
                    required: string[];
                };
                refresh_ahead_ms: number;
                operator_steps: {
                    es: string;
                    en: string;
                }[];
            };
            /** @description Where the operator has an application: `POST /v1/connections/oauth` connects there. */
            oauth_modes: ("test" | "live")[];
            /** @description Other verifiers of its webhooks, which a connection may let run beside: `shadow_scheme`. */
            shadow_schemes: string[];
        };
        /** ProviderProblem */
        ProviderProblem: {
            code: string;
            message: string;
            /** @enum {string} */
            retry: "never" | "after_user_action" | "same_key" | "after_lookup" | "backoff";
            provider_code: string | null;
            provider_message: string | null;
        };
        /** PushSubscription */
        PushSubscription: {
            id: string;
            /** @enum {string} */
            object: "push_subscription";
            /** @enum {string} */
            mode: "test" | "live";
            channel: string;
            owner: {
                /** @enum {string} */
                type: "customer" | "user";
                id: string;
            };
            /** @description Host of the push service. The rest of the address is not shown. */
            service: string;
            /** Format: date-time */
            created_at: string;
        };
        /** ReconciliationItem */
        ReconciliationItem: {
            id: string;
            /** @enum {string} */
            object: "reconciliation_item";
            /** @enum {string} */
            mode: "test" | "live";
            /**
             * @description `provider`: your payment, refund or dispute beside the provider’s books. `payout`: a payout beside the movements in it. `bank`: a payout or a transfer beside the bank’s statement. `document`: money kept beside the valid fiscal documents.
             * @enum {string}
             */
            leg: "provider" | "payout" | "bank" | "document";
            /** @description What it is about: the id of a payment, refund, sale, invoice, bank entry or movement, or the provider’s id of a payout. */
            subject: string;
            connection: string | null;
            /** @enum {string} */
            status: "matched" | "expected" | "missing" | "amount_over" | "amount_under" | "currency_mismatch" | "duplicate" | "unexpected";
            currency: string;
            expected: number | null;
            found_currency: string | null;
            found: number | null;
            /** @description What was found less what was expected, in minor units; 0 where the currencies differ. */
            difference: number;
            /** @description What was found: movements, bank entries, documents. The first 50. */
            parts: {
                id: string;
                amount: number;
                currency: string;
            }[];
            /**
             * Format: date-time
             * @description When the money moved.
             */
            since: string;
            due_at: string | null;
            age_days: number;
            resolution: {
                /** @enum {string} */
                action: "accepted" | "corrected" | "written_off";
                reason: string;
                by: string;
                /** Format: date-time */
                at: string;
                reopened_at: string | null;
            } | null;
            /** Format: date-time */
            updated_at: string;
        };
        /** ReconciliationReport */
        ReconciliationReport: {
            data: components["schemas"]["ReconciliationItem"][];
            next_cursor: string | null;
            /** @description Of all that the filters let through, in minor units. */
            totals: {
                /** @enum {string} */
                leg: "provider" | "payout" | "bank" | "document";
                /** @enum {string} */
                status: "matched" | "expected" | "missing" | "amount_over" | "amount_under" | "currency_mismatch" | "duplicate" | "unexpected";
                resolved: boolean;
                currency: string;
                count: number;
                expected: number;
                /** @description Of those found in `currency`. */
                found: number;
                difference: number;
            }[];
            /** @description Of the exceptions among them that nobody has resolved. */
            ageing: {
                /** @enum {string} */
                age: "0-1" | "2-7" | "8-30" | "31+";
                currency: string;
                count: number;
                difference: number;
            }[];
            last_run_at: string | null;
        };
        /** ReconciliationRun */
        ReconciliationRun: {
            /** @enum {string} */
            object: "reconciliation_run";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "queued";
            from: string | null;
            last_run_at: string | null;
        };
        /** ReconciliationSettings */
        ReconciliationSettings: {
            /** @enum {string} */
            object: "reconciliation_settings";
            /** @enum {string} */
            mode: "test" | "live";
            /** @description Minor units by which an amount may be off; 0 when absent. */
            absolute: number;
            /** @description Per cent of what is expected by which it may be off; the larger of the two counts. 0 when absent. */
            percent: number;
            /**
             * @description `accept`: a movement that the provider settled in another currency counts as found. `mismatch` when absent.
             * @enum {string}
             */
            other_currency: "mismatch" | "accept";
            days: {
                /** @description After which a payment has to be in the provider’s books; 3 when absent. */
                provider: number;
                /** @description After which a payout or a transfer has to be on a statement; 5 when absent. */
                bank: number;
                /** @description After which a sale that nobody decided on has to have a document; 31 when absent. */
                document: number;
            };
            /** @description An exception that nobody resolved for so long raises an alert; 2 when absent. */
            alert_after_days: number;
        };
        /** Refund */
        Refund: {
            id: string;
            /** @enum {string} */
            object: "refund";
            /** @enum {string} */
            mode: "test" | "live";
            payment: string;
            /** @enum {string} */
            status: "unknown" | "pending" | "requires_action" | "succeeded" | "failed" | "canceled";
            amount: number;
            currency: string;
            reason: string | null;
            metadata: {
                [key: string]: string;
            };
            /** @enum {string} */
            origin: "api" | "provider";
            provider: string;
            connection: string;
            provider_reference: string | null;
            provider_status: string | null;
            error: components["schemas"]["ProviderProblem"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** Replayed */
        Replayed: {
            dry_run: boolean;
            matched: number;
            replayed: number;
            next_cursor: string | null;
        };
        /** ReplayedDeliveries */
        ReplayedDeliveries: {
            dry_run: boolean;
            matched: number;
            replayed: number;
            next_cursor: string | null;
        };
        /** Routing */
        Routing: {
            /** @enum {string} */
            object: "routing";
            /** @enum {string} */
            mode: "test" | "live";
            /** @description 0 while no list was written. */
            version: number;
            rules: {
                name: string;
                enabled: boolean;
                match: {
                    /** @enum {string} */
                    family?: "payments" | "invoicing";
                    currency?: string[];
                    country?: string[];
                    method?: string[];
                    amount?: {
                        min?: number;
                        max?: number;
                    };
                    metadata?: {
                        [key: string]: string[];
                    };
                    customer?: string[];
                    issuer?: string[];
                    series?: string[];
                };
                connections: string[];
                failover: {
                    /** @description Refusals after which the next connection is tried. One that could not be reached at all always is; one whose outcome is not known never. */
                    on: ("provider_unavailable" | "rate_limited" | "invalid_credentials" | "permission_denied" | "merchant_balance_insufficient" | "unsupported" | "amount_invalid" | "limit_exceeded" | "card_declined" | "insufficient_funds" | "expired_card" | "incorrect_cvc" | "invalid_card" | "authentication_failed")[];
                };
            }[];
            updated_at: string | null;
        };
        /** RoutingDecision */
        RoutingDecision: {
            /** @enum {string} */
            object: "routing_decision";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            family: "payments" | "invoicing";
            /** @description Of the list of rules. */
            version: number;
            connection: string | null;
            /** @description In the order in which they are tried, each after the first only when nothing was charged before. */
            connections: {
                connection: string;
                provider: string;
                label: string;
                /** @enum {string} */
                breaker: "closed" | "open" | "half_open";
            }[];
            rule: {
                index: number;
                name: string;
            } | null;
            failover: {
                /** @description Refusals after which the next connection is tried. One that could not be reached at all always is; one whose outcome is not known never. */
                on: ("provider_unavailable" | "rate_limited" | "invalid_credentials" | "permission_denied" | "merchant_balance_insufficient" | "unsupported" | "amount_invalid" | "limit_exceeded" | "card_declined" | "insufficient_funds" | "expired_card" | "incorrect_cvc" | "invalid_card" | "authentication_failed")[];
            } | null;
            error: {
                code: string;
                detail: string;
                path?: string;
            } | null;
            rules: {
                index: number;
                name: string;
                /** @enum {string} */
                outcome: "chosen" | "not_matched" | "shadowed" | "no_connection" | "disabled" | "not_asked";
                /** @description Fields of `match` that do not hold. */
                failed: string[];
                /** @description Of a rule that matches and names none that can: why not. */
                connections: {
                    connection: string;
                    /** @enum {string} */
                    reason: "later_in_order" | "breaker_open" | "not_in_rule" | "older_first" | "own_bank" | "not_named" | "disabled" | "not_there" | "provider_unknown" | "capability" | "currency" | "method" | "amount" | "country";
                }[];
            }[];
            not_chosen: {
                connection: string;
                provider: string;
                label: string;
                /** @enum {string} */
                reason: "later_in_order" | "breaker_open" | "not_in_rule" | "older_first" | "own_bank" | "not_named" | "disabled" | "not_there" | "provider_unknown" | "capability" | "currency" | "method" | "amount" | "country";
                message: string;
            }[];
            /** @description Rules and connections that are not explained here; ask with `explain: "all"`. */
            left_out: number;
        };
        /** Sale */
        Sale: {
            id: string;
            /** @enum {string} */
            object: "sale";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "pending" | "canceled" | "paid" | "paid_invoice_pending" | "paid_invoiced" | "paid_global_pending" | "paid_in_global" | "paid_invoiced_elsewhere" | "refunded";
            /**
             * @description How far its fiscal document is.
             * @enum {string}
             */
            document: "undecided" | "link" | "invoicing" | "correcting" | "invoiced" | "global_pending" | "in_global" | "leaving_global" | "elsewhere";
            /** @description Its number. */
            ticket: string;
            issuer: string;
            country: string;
            branch: string | null;
            till: string | null;
            /** @enum {string} */
            payment_type: "in_person" | "online";
            currency: string;
            exchange_rate: string | null;
            /** @description With taxes, minor units. */
            amount: number;
            amount_refunded: number;
            lines: {
                [key: string]: unknown;
            }[];
            totals: {
                [key: string]: unknown;
            };
            tenders: {
                /** @description c_FormaPago: 01 cash, 03 transfer, 04 credit card, 28 debit card … Never 99. */
                form: string;
                /** @description Minor units of `currency` (ISO 4217 exponent). */
                amount?: number;
                /** @description The payment of ours that took it. */
                payment?: string;
                /** @description The code of a store credit: this redeems it. */
                store_credit?: string;
            }[];
            customer: {
                [key: string]: unknown;
            } | null;
            customer_id: string | null;
            payment: string | null;
            requires_invoice: boolean | null;
            invoice: string | null;
            global_invoice: string | null;
            global_invoice_date: string | null;
            self_invoice: {
                url: string;
                /** Format: date-time */
                expires_at: string;
            } | null;
            problem: {
                code: string;
                message: string;
            }[] | null;
            correct_until: string | null;
            refunds?: components["schemas"]["SaleRefund"][];
            /** @description What this request told the buyer, and how. */
            notices?: {
                channel: string;
                id: string | null;
                status: string;
            }[];
            client_id: string | null;
            confirmed_by: string | null;
            reference: string | null;
            metadata: {
                [key: string]: string;
            };
            /** Format: date-time */
            sold_at: string;
            paid_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** SaleRefund */
        SaleRefund: {
            id: string;
            /** @enum {string} */
            method: "cash" | "card" | "store_credit";
            /** @enum {string} */
            status: "pending" | "succeeded" | "failed";
            /** @description Minor units of `currency` (ISO 4217 exponent). */
            amount: number;
            reason: string;
            refund: string | null;
            store_credit: string | null;
            /** Format: date-time */
            created_at: string;
        };
        /** SalesBatch */
        SalesBatch: {
            data: {
                client_id: string;
                /** @enum {string} */
                status: "created" | "repeated" | "conflict" | "invalid";
                sale: string | null;
                ticket: string | null;
                error: {
                    code: string;
                    detail: string;
                    errors: {
                        path: string;
                        code?: string;
                        message: string;
                    }[];
                } | null;
            }[];
        };
        /** SalesSettings */
        SalesSettings: {
            /** @enum {string} */
            object: "sales_settings";
            /** @enum {string} */
            mode: "test" | "live";
            /**
             * @description What becomes of a payment that took money: nothing; a sale, whose document a person decides (`record`, when absent); or a sale that is invoiced by itself where the buyer’s data is known, and otherwise waits for it and then for the global invoice.
             * @enum {string}
             */
            payments: "ignore" | "record" | "invoice";
            issuer: string | null;
            self_invoice: {
                /** @description How long the buyer’s link is good; 7 when absent. */
                days: number;
                /**
                 * @description What becomes of a sale whose link is still open when its global invoice is made: it waits for its link and goes into the next one (`wait`, when absent), or it goes into this one and the link ends.
                 * @enum {string}
                 */
                open_on_global_day: "wait" | "include";
            };
            global_invoice: {
                /** @description Made by itself after each period; true when absent. */
                automatic: boolean;
                /**
                 * @description monthly when absent. bimonthly is for the régimen 621 alone (c_Periodicidad 05).
                 * @enum {string}
                 */
                periodicity: "daily" | "weekly" | "biweekly" | "monthly" | "bimonthly";
                /** @description Of the month after a monthly or bimonthly period; 1 when absent. The others are made on the day after their period. */
                day: number;
            };
            /** @description So long a buyer may correct the data of an online sale whose invoice was refused, and never beyond the last day of the month; then it goes into the global invoice. 72 when absent. */
            orphan_hours: number;
            /**
             * @description What happens to a payment whose fiscal data breaks rules; `refuse` when absent.
             * @enum {string}
             */
            preflight: "refuse" | "let_through";
            /**
             * @description `delegate`: once an invoice is stamped, the buyer’s fiscal data stays in no column here; the stamped bytes are kept encrypted. `keep` when absent.
             * @enum {string}
             */
            fiscal_data: "keep" | "delegate";
            /** @description How a sale whose lines nobody told is described: its amount has these taxes in it. */
            line: {
                description: string;
                /** @description c_ClaveProdServ */
                product_key: string;
                /** @description c_ClaveUnidad */
                unit_key: string;
                taxes: {
                    /** @description IVA, ISR, IEPS … of the country */
                    type: string;
                    /** @description A fraction: 0.16 */
                    rate: string;
                    withheld?: boolean;
                    exempt?: boolean;
                    /** @description `rate` is an amount a unit, not a fraction. */
                    quota?: boolean;
                    /** @description Where the law’s base is not the line’s amount. */
                    base?: string;
                    /** @description The authority’s own code where the rate does not tell it. Ecuador: ICE by table 18; IVA 6, not subject. */
                    code?: string;
                }[];
            };
        };
        /** SelfInvoice */
        SelfInvoice: {
            /** @enum {string} */
            object: "self_invoice";
            sale: string;
            url: string;
            /** Format: date-time */
            expires_at: string;
            notices: {
                channel: string;
                id: string | null;
                status: string;
            }[];
        };
        /** Series */
        Series: {
            id: string;
            /** @enum {string} */
            object: "series";
            /** @enum {string} */
            mode: "test" | "live";
            issuer: string;
            /** @enum {string} */
            document: "invoice" | "credit_note" | "debit_note" | "payment_receipt" | "global_invoice" | "transfer" | "withholding" | "delivery_note" | "purchase_settlement" | "sale";
            branch: string | null;
            till: string | null;
            prefix: string;
            digits: number;
            next_number: number;
            /** @description How the next number is written. */
            next: string;
            active: boolean;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** Session */
        Session: {
            id: string;
            /** @enum {string} */
            object: "session";
            current: boolean;
            address: string | null;
            user_agent: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_seen_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        /** Setup */
        Setup: {
            done: boolean;
            steps: {
                /** @enum {string} */
                id: "credentials" | "test" | "webhook" | "event";
                /** @enum {string} */
                status: "done" | "failed" | "waiting" | "todo" | "manual";
                title: string;
                detail: string[];
                at: string | null;
            }[];
        };
        /** StampReading */
        StampReading: {
            left: number;
            per_day: number | null;
            days_left: number | null;
            /**
             * @description By STAMPS_LOW and STAMPS_LOW_DAYS.
             * @enum {string}
             */
            level: "ok" | "low" | "critical" | "empty";
            /** Format: date-time */
            read_at: string;
        };
        /** StoreCredit */
        StoreCredit: {
            id: string;
            /** @enum {string} */
            object: "store_credit";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "active" | "redeemed" | "expired" | "void";
            /** @description Whoever has it may spend it. */
            code: string;
            currency: string;
            /** @description As it was given, minor units. */
            amount: number;
            balance: number;
            customer: string | null;
            sale: string | null;
            reason: string | null;
            metadata: {
                [key: string]: string;
            };
            events?: {
                /** @enum {string} */
                type: "issued" | "redeemed" | "restored" | "expired" | "voided";
                amount: number;
                balance: number;
                sale: string | null;
                reference: string | null;
                /** Format: date-time */
                created_at: string;
            }[];
            /** Format: date-time */
            expires_at: string;
            /** Format: date-time */
            created_at: string;
        };
        /** Subscription */
        Subscription: {
            id: string;
            /** @enum {string} */
            object: "subscription";
            /** @enum {string} */
            mode: "test" | "live";
            /** @enum {string} */
            status: "incomplete" | "trialing" | "active" | "past_due" | "unpaid" | "paused" | "canceled" | "expired" | "unknown";
            customer: string;
            plan: string;
            quantity: number;
            payment_method: string | null;
            connection: string;
            provider: string;
            provider_reference: string | null;
            provider_status: string | null;
            current_period_start: string | null;
            current_period_end: string | null;
            cancel_at_period_end: boolean;
            canceled_at: string | null;
            trial_ends_at: string | null;
            pending: ("create" | "update" | "cancel" | "pause" | "resume") | null;
            next_action: components["schemas"]["NextAction"] | null;
            error: components["schemas"]["ProviderProblem"] | null;
            review: {
                reason: string;
                provider_status: string;
                /** @enum {string} */
                status: "incomplete" | "trialing" | "active" | "past_due" | "unpaid" | "paused" | "canceled" | "expired" | "unknown";
                provider_reference: string;
            } | null;
            reference: string | null;
            invoice?: components["schemas"]["InvoiceCheck"];
            metadata: {
                [key: string]: string;
            };
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /**
         * SubscriptionPreview
         * @description As the provider computes it.
         */
        SubscriptionPreview: {
            /** @enum {string} */
            object: "subscription_preview";
            subscription: string;
            currency: string;
            /** @description Of the next bill, the change included. Below zero it is credit. */
            amount_due: number;
            /** @description Of which the change alone. */
            prorated: number;
            lines: {
                description: string;
                amount: number;
                proration: boolean;
                period_start: string | null;
                period_end: string | null;
            }[];
        };
        /** SupportAccess */
        SupportAccess: {
            id: string;
            /** @enum {string} */
            object: "support_access";
            tenant: string;
            user: string;
            user_name: string;
            /**
             * @description `look` only reads; `repair` may also replay webhooks and acknowledge alerts.
             * @enum {string}
             */
            kind: "look" | "repair";
            reason: string;
            /** @enum {string} */
            status: "open" | "ended";
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            ended_at: string | null;
            ended_by: string | null;
        };
        /** SupportOverview */
        SupportOverview: {
            /** @enum {string} */
            object: "support_overview";
            /** @enum {string} */
            mode: "test" | "live";
            queues: {
                queue: string;
                waiting: number;
                oldest_seconds: number;
            }[];
            /** @description Tenants where something is wrong, by id. */
            data: {
                tenant: string;
                /** @description Masked: the first letter of each word. */
                name: string;
                /** @enum {string} */
                status: "active" | "suspended";
                /** @description That stand, acknowledged or not. */
                alerts: {
                    critical: number;
                    warning: number;
                    info: number;
                    kinds: {
                        [key: string]: number;
                    };
                };
                connections: {
                    total: number;
                    failing: number;
                    reconnect: number;
                };
                calls_last_hour: {
                    total: number;
                    failed: number;
                };
                refused_webhooks_last_day: number;
                last_webhook_at: string | null;
                /** @description How many accesses of support are open. */
                support_entered: number;
            }[];
            next_cursor: string | null;
        };
        /** Tenant */
        Tenant: {
            id: string;
            /** @enum {string} */
            object: "tenant";
            name: string;
            country: string;
            host_name: string | null;
            /** @enum {string} */
            status: "active" | "suspended";
            /** Format: date-time */
            created_at: string;
        };
        /** Timeline */
        Timeline: {
            data: {
                /** Format: date-time */
                at: string;
                /** @enum {string} */
                kind: "attempt" | "operation" | "webhook" | "event" | "change";
                id: string;
                what: string;
                detail: {
                    [key: string]: unknown;
                };
            }[];
        };
        /** TransactionReading */
        TransactionReading: {
            /** @enum {string} */
            object: "transaction_reading";
            connection: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            seen: number;
            /** @description That were not known. */
            stored: number;
            /** @description That were known otherwise, such as without their payout. */
            changed: number;
            /** @description False: there is more than one answer waits for; ask again from `read_until`. */
            complete: boolean;
            /** Format: date-time */
            read_until: string;
        };
        /** TransactionRow */
        TransactionRow: {
            /** @description Of the payment or of the refund. */
            id: string;
            /** @enum {string} */
            type: "payment" | "refund";
            payment: string;
            status: string;
            /** @description Minor units. As asked; of a refund what went back. */
            amount: number;
            currency: string;
            /** @description Minor units. Of a payment what was taken; of a refund 0. */
            captured: number;
            /** @description Minor units. Of a payment what went back so far, its refunds being rows of their own; of a refund its amount once it succeeded. */
            refunded: number;
            fee: number | null;
            fee_currency: string | null;
            fee_source: ("provider" | "expected") | null;
            net: number | null;
            method: string | null;
            provider: string;
            connection: string;
            provider_reference: string | null;
            reference: string | null;
            description: string | null;
            invoice: string | null;
            disputed: boolean;
            /** Format: date-time */
            created_at: string;
            succeeded_at: string | null;
        };
        /** TransactionTotal */
        TransactionTotal: {
            currency: string;
            payments: number;
            /** @description Minor units. Of all payments, paid or not. */
            amount: number;
            /** @description Minor units. Taken. */
            captured: number;
            refunds: number;
            /** @description Minor units. By refunds that succeeded. */
            refunded: number;
            /** @description Minor units. Charged in this currency, told or expected. */
            fees: number;
            /** @description Minor units. Captured less refunded less fees. */
            net: number;
        };
        /** User */
        User: {
            id: string;
            /** @enum {string} */
            object: "user";
            email: string;
            name: string;
            /**
             * @description In a tenant: tenant_admin, tenant_member or viewer. At the platform: platform_admin or support.
             * @enum {string}
             */
            role: "platform_admin" | "support" | "tenant_admin" | "tenant_member" | "viewer";
            /** @enum {string} */
            status: "active" | "disabled";
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** WebhookEndpoint */
        WebhookEndpoint: {
            id: string;
            /** @enum {string} */
            object: "webhook_endpoint";
            /** @enum {string} */
            mode: "test" | "live";
            partner: string | null;
            url: string;
            label: string | null;
            event_types: string[];
            filters: {
                /** @description Path below `data`, such as `currency` or `customer.id`. */
                field: string;
                /**
                 * @description `gte` and `lte` compare with the one value, and only numbers.
                 * @enum {string}
                 */
                op: "in" | "not_in" | "gte" | "lte";
                values: (string | number | boolean | null)[];
            }[];
            /**
             * @description `per_object`: the next event of an object waits until the one before is delivered or given up. Otherwise an event may overtake another that is tried again.
             * @enum {string}
             */
            ordering: "none" | "per_object";
            /** @enum {string} */
            status: "enabled" | "disabled";
            disabled_reason: ("by_person" | "gone" | "failing") | null;
            disabled_at: string | null;
            /** @description Each of them signs every delivery. Newest first. */
            signing_keys: {
                /** @description What may be shown of the secret. */
                hint: string;
                public_key: string | null;
                valid_until: string | null;
            }[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** WebhookEndpointHealth */
        WebhookEndpointHealth: {
            /** @enum {string} */
            object: "webhook_endpoint_health";
            endpoint: string;
            /**
             * @description `open`: too many failures in a row, nothing is sent before `resumes_at`; then one delivery tries (`half_open`).
             * @enum {string}
             */
            breaker: "closed" | "open" | "half_open";
            resumes_at: string | null;
            consecutive_failures: number;
            failing_since: string | null;
            last_success_at: string | null;
            last_failure_at: string | null;
            /** @description Deliveries that wait, those that are tried again included. */
            pending: number;
            oldest_pending_at: string | null;
            last_24_hours: {
                succeeded: number;
                failed: number;
                success_rate: number | null;
                mean_ms: number | null;
            };
            p50_ms: number | null;
            p95_ms: number | null;
            hours: {
                /** Format: date-time */
                hour: string;
                succeeded: number;
                failed: number;
            }[];
        };
        /** WebhookEndpointWithSecret */
        WebhookEndpointWithSecret: {
            id: string;
            /** @enum {string} */
            object: "webhook_endpoint";
            /** @enum {string} */
            mode: "test" | "live";
            partner: string | null;
            url: string;
            label: string | null;
            event_types: string[];
            filters: {
                /** @description Path below `data`, such as `currency` or `customer.id`. */
                field: string;
                /**
                 * @description `gte` and `lte` compare with the one value, and only numbers.
                 * @enum {string}
                 */
                op: "in" | "not_in" | "gte" | "lte";
                values: (string | number | boolean | null)[];
            }[];
            /**
             * @description `per_object`: the next event of an object waits until the one before is delivered or given up. Otherwise an event may overtake another that is tried again.
             * @enum {string}
             */
            ordering: "none" | "per_object";
            /** @enum {string} */
            status: "enabled" | "disabled";
            disabled_reason: ("by_person" | "gone" | "failing") | null;
            disabled_at: string | null;
            /** @description Each of them signs every delivery. Newest first. */
            signing_keys: {
                /** @description What may be shown of the secret. */
                hint: string;
                public_key: string | null;
                valid_until: string | null;
            }[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** @description Shown this once. */
            secret: string;
        };
        /** WebhookRecovery */
        WebhookRecovery: {
            /** @enum {string} */
            object: "webhook_recovery";
            endpoint: string;
            /** Format: date-time */
            since: string;
            /** @description Deliveries that had failed and are sent again. */
            retried: number;
            /** @description Events that the endpoint wants and never had: it was disabled then, or asked for other types. */
            created: number;
            /** @description `false`: there is more. Ask again with the same `since`. */
            complete: boolean;
        };
        /** WhatsappTemplate */
        WhatsappTemplate: {
            /** @description As it was approved. */
            name: string;
            languages: {
                /** @description As the template has it at Meta: `es_MX`. */
                es?: string;
                /** @description As the template has it at Meta: `es_MX`. */
                en?: string;
            };
            /** @description What `{{1}}`, `{{2}}` … of its body are; the kind’s own order when absent. */
            parameters?: ("sender" | "amount" | "reference" | "url" | "until" | "days" | "number" | "reason" | "message" | "name")[];
        };
    };
    responses: {
        /** @description It was refused or failed; `code` says why. */
        Problem: {
            headers: {
                "Request-Id"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description Language of sentences for people. */
        AcceptLanguage: "es" | "en";
        /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
        IdempotencyKey: string;
        /** @description With a session: which mode to act in. An API key has its mode already. */
        Mode: "test" | "live";
        /** @description The tenant to act for. Needed with a partner key and with the platform key. */
        Tenant: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    post_hooks_apps_by_provider_by_mode: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                provider: string;
                mode: "test" | "live";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_hooks_whatsapp_by_token: {
        parameters: {
            query?: {
                "hub.mode"?: string;
                "hub.verify_token"?: string;
                "hub.challenge"?: string;
            };
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    post_hooks_whatsapp_by_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    post_hooks_by_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_alert_settings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertSettings"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    put_alert_settings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    rules: components["schemas"]["AlertRules"];
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertSettings"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_alerts: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description `resolved`: the cause is gone; the hub saw that by itself. */
                status?: "open" | "acknowledged" | "resolved";
                severity?: "info" | "warning" | "critical";
                kind?: string;
                subject?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Alert"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_alerts_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alert"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_alerts_by_id_acknowledge: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alert"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_api_keys: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                mode?: "test" | "live";
                status?: "active" | "expired" | "revoked";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ApiKey"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_api_keys: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    label?: string;
                    /** @enum {string} */
                    mode: "test" | "live";
                    /** @description What the key may do; nobody can grant what they do not have. Left out: read and write of payments, connections, invoices, events, inbound, operations and alerts, as far as its maker has them. */
                    scopes?: ("payments:read" | "payments:write" | "customers:read" | "customers:write" | "subscriptions:read" | "subscriptions:write" | "connections:read" | "connections:write" | "invoices:read" | "invoices:write" | "certificates:read" | "certificates:write" | "issuers:read" | "issuers:write" | "events:read" | "webhooks:read" | "webhooks:write" | "inbound:read" | "inbound:write" | "operations:read" | "alerts:read" | "alerts:write" | "reports:read" | "audit:read" | "users:read" | "users:write" | "api_keys:read" | "api_keys:write" | "partners:read" | "partners:write" | "tenants:read" | "tenants:write" | "queues:read" | "queues:write" | "support:read" | "support:write")[];
                    /** Format: date-time */
                    expires_at?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeApiKey"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_api_keys_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_audit_log: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description Id of what was changed. */
                subject?: string;
                /** @description Id of the user or key that changed it. */
                actor?: string;
                /** @description Such as `api_key.revoked`, or `api_key.*`. */
                action?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AuditLine"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_balance_transactions: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                connection?: string;
                payment?: string;
                payout?: string;
                type?: "payment" | "refund" | "dispute" | "fee" | "payout" | "other";
                /** @description When the money moved, inclusive; `created_from` is the same. */
                from?: string;
                to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BalanceTransaction"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_balance_transactions_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BalanceTransaction"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_bank_accounts: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description ISO 4217, upper case. */
                currency?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BankAccount"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_bank_accounts: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description ISO 4217, upper case. */
                    currency: string;
                    /** @description Whose account it is, as the payer has to write it. */
                    beneficiary: string;
                    /**
                     * @default business
                     * @enum {string}
                     */
                    kind?: "checking" | "savings" | "business" | "payroll";
                    /** @description Mexico: 18 digits, of which the first three name the bank and the last checks the others. */
                    clabe?: string;
                    iban?: string;
                    /** @description Where there is neither CLABE nor IBAN; beside them as well. */
                    account_number?: string;
                    bic?: string;
                    /** @description The bank’s name. Of a CLABE it follows from the number. */
                    bank?: string;
                    /** @description Of an account that has only a number; otherwise it follows from CLABE or IBAN. */
                    country?: string;
                    /** @description How you call it; the bank’s name when absent. */
                    label?: string;
                    /** @description IANA name, where the account follows another than its country’s capital. */
                    time_zone?: string;
                    /** @description The one that receives its currency when nobody names another. The first of a currency is it by itself. */
                    primary?: boolean;
                    /** @description Takes a CLABE whose bank is newer than our table; then `bank` is required. */
                    accept_unknown_bank?: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankAccount"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_bank_accounts_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankAccount"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_bank_accounts_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_bank_accounts_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description How you call it; the bank’s name when absent. */
                    label?: string;
                    /** @enum {string} */
                    kind?: "checking" | "savings" | "business" | "payroll";
                    /** @description Whose account it is, as the payer has to write it. */
                    beneficiary?: string;
                    /** @description IANA name, where the account follows another than its country’s capital. */
                    time_zone?: string;
                    /** @description The one that receives its currency when nobody names another. The first of a currency is it by itself. */
                    primary?: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankAccount"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_bank_entries: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                statement?: string;
                bank_account?: string;
                payment?: string;
                status?: "new" | "matched" | "review" | "resolved" | "unknown" | "duplicate" | "ignored";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BankEntry"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_bank_entries_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankEntry"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_bank_entries_by_id_match: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A payment by bank transfer, of this mode. */
                    payment: string;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankEntry"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_bank_statements: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                bank_account?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["BankStatement"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_bank_statements: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    bank_account: string;
                    /** @description The file in Base64; in a form, the file itself. Up to 5 MB. */
                    file: string;
                    /**
                     * @description Found out when absent.
                     * @enum {string}
                     */
                    format?: "csv" | "camt.053";
                    /**
                     * @description Whose export it is; that of the account’s CLABE when absent.
                     * @enum {string}
                     */
                    bank?: "banorte" | "citibanamex" | "bbva" | "hsbc" | "santander";
                    mapping?: {
                        date: string;
                        /** @description A column of its own; a time behind the day is read as well. */
                        time?: string;
                        /** @description Money that came, where it has a column of its own; `debit` is the other. */
                        credit?: string;
                        /** @description Money that went. */
                        debit?: string;
                        /** @description Instead of `credit` and `debit`: one column, below zero for what went, unless `mark` says it. */
                        amount?: string;
                        /** @description Says of `amount` whether it came. */
                        mark?: string;
                        /** @description What `mark` holds for what came; `+`, `abono`, `a`, `c`, `cr`, `credit` when absent. */
                        credit_marks?: string[];
                        /** @description The payer’s numeric reference. */
                        reference?: string;
                        /** @description Clave de rastreo, or another mark that the bank gives each transfer. */
                        tracking_key?: string;
                        description?: string[];
                        /** @description Who sent it. */
                        payer?: string;
                        /** @description Tells apart two movements that are otherwise the same. */
                        balance?: string;
                        /** @description ISO 4217; the account’s when absent. */
                        currency?: string;
                        /** @description A line of another account is refused. */
                        account?: string;
                        /**
                         * @description dmy when absent.
                         * @enum {string}
                         */
                        date_order?: "dmy" | "mdy" | "ymd";
                        /**
                         * @description A point when absent.
                         * @enum {string}
                         */
                        decimal?: "." | ",";
                        /**
                         * @description Found out when absent.
                         * @enum {string}
                         */
                        delimiter?: "," | ";" | "\t" | "|";
                    } | string;
                    /** @description What you call the file. */
                    name?: string;
                };
                "multipart/form-data": {
                    bank_account: string;
                    /** @description The file in Base64; in a form, the file itself. Up to 5 MB. */
                    file: string;
                    /**
                     * @description Found out when absent.
                     * @enum {string}
                     */
                    format?: "csv" | "camt.053";
                    /**
                     * @description Whose export it is; that of the account’s CLABE when absent.
                     * @enum {string}
                     */
                    bank?: "banorte" | "citibanamex" | "bbva" | "hsbc" | "santander";
                    mapping?: {
                        date: string;
                        /** @description A column of its own; a time behind the day is read as well. */
                        time?: string;
                        /** @description Money that came, where it has a column of its own; `debit` is the other. */
                        credit?: string;
                        /** @description Money that went. */
                        debit?: string;
                        /** @description Instead of `credit` and `debit`: one column, below zero for what went, unless `mark` says it. */
                        amount?: string;
                        /** @description Says of `amount` whether it came. */
                        mark?: string;
                        /** @description What `mark` holds for what came; `+`, `abono`, `a`, `c`, `cr`, `credit` when absent. */
                        credit_marks?: string[];
                        /** @description The payer’s numeric reference. */
                        reference?: string;
                        /** @description Clave de rastreo, or another mark that the bank gives each transfer. */
                        tracking_key?: string;
                        description?: string[];
                        /** @description Who sent it. */
                        payer?: string;
                        /** @description Tells apart two movements that are otherwise the same. */
                        balance?: string;
                        /** @description ISO 4217; the account’s when absent. */
                        currency?: string;
                        /** @description A line of another account is refused. */
                        account?: string;
                        /**
                         * @description dmy when absent.
                         * @enum {string}
                         */
                        date_order?: "dmy" | "mdy" | "ymd";
                        /**
                         * @description A point when absent.
                         * @enum {string}
                         */
                        decimal?: "." | ",";
                        /**
                         * @description Found out when absent.
                         * @enum {string}
                         */
                        delimiter?: "," | ";" | "\t" | "|";
                    } | string;
                    /** @description What you call the file. */
                    name?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankStatementWithEntries"];
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankStatementWithEntries"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_bank_statements_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BankStatementWithEntries"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_catalogues: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @enum {string} */
                            object: "catalogue";
                            name: string;
                            title: string;
                            source: string;
                            edition: string;
                            entries: number;
                        }[];
                        next_cursor: null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_catalogues_by_name: {
        parameters: {
            query?: {
                /** @description Only what a document of that local day may use. */
                on?: string;
                /** @description The beginning of a key, or words of its text; accents and capitals do not matter. */
                search?: string;
                limit?: number;
                cursor?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                /** @description As the authority calls it: `c_FormaPago` of the SAT, `sri_formaPago` of the SRI, `facturae_TaxTypeCode` of Facturae. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Catalogue"];
                };
            };
            /** @description It is what If-None-Match names. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_certificates: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                issuer?: string;
                status?: "scheduled" | "active" | "replaced" | "expired" | "deleted";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Certificate"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_certificates: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: byte
                     * @description The certificate of a CSD (`.cer`).
                     */
                    cer?: string;
                    /**
                     * Format: byte
                     * @description Its private key (`.key`).
                     */
                    key?: string;
                    /**
                     * Format: byte
                     * @description Or both in a `.p12` (`.pfx`).
                     */
                    p12?: string;
                    /**
                     * Format: byte
                     * @description The CA bundle of its authority, PEM or DER, where the `.p12` lacks the chain.
                     */
                    ca?: string;
                    /** @description Of the key or of the `.p12`. Write-only, as the files are. */
                    passphrase?: string;
                    label?: string;
                    /** @description Whose documents it signs; the issuer of the same tax id when left out. */
                    issuer?: string;
                    /** @description Only look: answers the report with 200 and keeps nothing, whatever it says. */
                    dry_run?: boolean | ("true" | "false");
                };
                "multipart/form-data": {
                    /**
                     * Format: byte
                     * @description The certificate of a CSD (`.cer`).
                     */
                    cer?: string;
                    /**
                     * Format: byte
                     * @description Its private key (`.key`).
                     */
                    key?: string;
                    /**
                     * Format: byte
                     * @description Or both in a `.p12` (`.pfx`).
                     */
                    p12?: string;
                    /**
                     * Format: byte
                     * @description The CA bundle of its authority, PEM or DER, where the `.p12` lacks the chain.
                     */
                    ca?: string;
                    /** @description Of the key or of the `.p12`. Write-only, as the files are. */
                    passphrase?: string;
                    label?: string;
                    /** @description Whose documents it signs; the issuer of the same tax id when left out. */
                    issuer?: string;
                    /** @description Only look: answers the report with 200 and keeps nothing, whatever it says. */
                    dry_run?: boolean | ("true" | "false");
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CertificateDryRun"];
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Certificate"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_certificates_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Certificate"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_certificates_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_certificates_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    label?: string;
                    /** @description Whose documents it signs; the issuer of the same tax id when left out. */
                    issuer?: string;
                    /**
                     * Format: byte
                     * @description The CA bundle of its authority, PEM or DER: the chain is made anew from it.
                     */
                    ca?: string;
                };
                "multipart/form-data": {
                    label?: string;
                    /** @description Whose documents it signs; the issuer of the same tax id when left out. */
                    issuer?: string;
                    /**
                     * Format: byte
                     * @description The CA bundle of its authority, PEM or DER: the chain is made anew from it.
                     */
                    ca?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Certificate"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_certificates_by_id_activate: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: date-time
                     * @description When its turn begins; at once when left out.
                     */
                    at?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Certificate"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_certificates_by_id_consents: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CertificateConsent"][];
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_certificates_by_id_consents: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A connection to a PAC that seals for you. */
                    connection: string;
                    /**
                     * @description That the private key and its passphrase are handed to that provider, who can then sign in your name.
                     * @enum {boolean}
                     */
                    accept: true;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CertificateConsent"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_certificates_by_id_consents_by_connection_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_certificates_by_id_uploads: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description A connection to a PAC that seals for you. */
                    connection: string;
                    /**
                     * @description That the private key and its passphrase are handed to that provider, who can then sign in your name.
                     * @enum {boolean}
                     */
                    accept: true;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CertificateUpload"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_certificates_by_id_uses: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CertificateUse"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_checkout_sessions: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "unknown" | "open" | "complete" | "expired" | "failed";
                reference?: string;
                connection?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CheckoutSession"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_checkout_sessions: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Minor units of `currency` (ISO 4217 exponent). */
                    amount: number;
                    /** @description ISO 4217, upper case. */
                    currency: string;
                    /** @description Sums to `amount`. */
                    lines?: {
                        name: string;
                        description?: string;
                        quantity: number;
                        /** @description Minor units of `currency`, tax included. */
                        unit_amount: number;
                    }[];
                    /** @description The connection to use; as routing says when absent. */
                    connection?: string;
                    /**
                     * @default automatic
                     * @enum {string}
                     */
                    capture?: "automatic" | "manual";
                    /** @description Which of the provider’s methods are offered; all that the account has when absent. */
                    methods?: string[];
                    /**
                     * Format: date-time
                     * @description When it ends. Providers have limits of their own (Stripe’s sessions: 30 minutes to 24 hours).
                     */
                    expires_at?: string;
                    /** @description Your own order number. */
                    reference?: string;
                    description?: string;
                    /** @description What the payer’s bank shows: 5 to 22 characters, one a letter at least. */
                    statement_descriptor?: string;
                    metadata?: {
                        [key: string]: string;
                    };
                    /** @description The issued invoice that this collects, or part of it: never more than is due, and never twice at once. */
                    invoice_id?: string;
                    invoice?: components["schemas"]["PageInvoiceData"];
                    /** @description Asks the buyer for a tax id on the page, where the provider can. */
                    collect_tax_id?: boolean;
                    /**
                     * Format: uri
                     * @description Where the payer goes when it is paid. That they arrive there proves nothing: read the session.
                     */
                    success_url: string;
                    /**
                     * Format: uri
                     * @description Where the payer goes when they give up.
                     */
                    cancel_url?: string;
                    /** @description Name, mail and the like of a payer; or the id of a customer (`cus_…`). */
                    customer?: {
                        name?: string;
                        /** Format: email */
                        email?: string;
                        phone?: string;
                        tax_id?: string;
                    } | string;
                    /** @description Keeps the method for later charges of `customer`, which must be a `cus_…`. */
                    save_method?: boolean;
                    /** @enum {string} */
                    locale?: "es" | "en";
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckoutSession"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckoutSession"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_checkout_sessions_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckoutSession"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_checkout_sessions_by_id_expire: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckoutSession"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_completeness_audits: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                connection?: string;
                status?: "running" | "completed" | "failed";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["CompletenessAudit"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_completeness_audits_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CompletenessAudit"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_connections: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                provider?: string;
                health?: "untested" | "healthy" | "failing" | "reconnect" | "disabled";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Connection"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_connections: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    provider: string;
                    /** @enum {string} */
                    mode: "test" | "live";
                    label?: string;
                    /** @description The fields of the provider’s credential form (`GET /v1/providers/:id`). Write-only. */
                    credentials: {
                        [key: string]: string;
                    };
                    settings?: {
                        [key: string]: string | number | boolean;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connection"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_connections_oauth: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    provider: string;
                    /** @enum {string} */
                    mode: "test" | "live";
                    label?: string;
                    /** @description Renews this connection: only with the account that it has. */
                    connection?: string;
                    /** @description Where the person goes afterwards, with `status` (`connected`, `denied` or `failed`), `connection` and `reason` in its query. A page of ours when absent. */
                    return_url?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OAuthBegun"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_connections_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connection"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_connections_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_connections_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    label?: string;
                    enabled?: boolean;
                    settings?: {
                        [key: string]: string | number | boolean;
                    };
                    shadow_scheme?: string | null;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connection"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_connections_by_id_audit: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        /** @description At most 31 days. Left out: what the daily run would cover. */
        requestBody: {
            content: {
                "application/json": {
                    /** Format: date-time */
                    from?: string;
                    /** Format: date-time */
                    to?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CompletenessAudit"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CompletenessAudit"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_connections_by_id_costs: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionCosts"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    put_connections_by_id_costs: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    costs: {
                        /**
                         * @description `document`: what a PAC takes for each stamp.
                         * @default payment
                         * @enum {string}
                         */
                        kind?: "payment" | "document";
                        currency: string;
                        /** @description Only for payments by this method; it goes before the line for all of them. */
                        method?: string;
                        /**
                         * Format: date
                         * @description The first day (UTC) it is for; from the beginning when absent.
                         */
                        from?: string;
                        /** @description Of the amount: `3.6` is 3.6 %. */
                        percent?: string;
                        /** @description Minor units, for each. */
                        fixed?: number;
                        /** @description On top of both: `16`. */
                        vat_percent?: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionCosts"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_connections_by_id_credentials: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The fields of the provider’s credential form (`GET /v1/providers/:id`). Write-only. */
                    credentials: {
                        [key: string]: string;
                    };
                    /**
                     * @description How long the webhook secret before stays valid beside the new one.
                     * @default 86400
                     */
                    overlap_seconds?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connection"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_connections_by_id_figures: {
        parameters: {
            query?: {
                /** @description Inclusive, to the hour; the first instant of 30 days ago when absent. */
                from?: string;
                /** @description Exclusive, to the end of its hour; now when absent. */
                to?: string;
                /** @description Of the series, in UTC; by the hour up to three days when absent. */
                interval?: "hour" | "day";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionFigures"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_connections_by_id_health: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionHealth"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_connections_by_id_read_transactions: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        /** @description At most 31 days. Left out: what the daily run would cover. */
        requestBody: {
            content: {
                "application/json": {
                    /** Format: date-time */
                    from?: string;
                    /** Format: date-time */
                    to?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TransactionReading"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_connections_by_id_setup: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Setup"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_connections_by_id_stamps: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["StampReading"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_connections_by_id_test: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionTest"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_connections_by_id_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connection"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_customers: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description Exactly, whatever its case. */
                email?: string;
                tax_id?: string;
                reference?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Customer"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_customers: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name?: string;
                    /** Format: email */
                    email?: string;
                    phone?: string;
                    tax_id?: string;
                    address?: {
                        line1?: string;
                        line2?: string;
                        city?: string;
                        state?: string;
                        postal_code?: string;
                        /** @description ISO 3166-1 alpha-2. */
                        country?: string;
                    };
                    /** @description Your own number of the customer. */
                    reference?: string;
                    metadata?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_customers_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_customers_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_customers_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name?: string | null;
                    email?: string | null;
                    phone?: string | null;
                    tax_id?: string | null;
                    address?: {
                        line1?: string;
                        line2?: string;
                        city?: string;
                        state?: string;
                        postal_code?: string;
                        /** @description ISO 3166-1 alpha-2. */
                        country?: string;
                    } | null;
                    reference?: string | null;
                    metadata?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_customers_by_id_payment_methods: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "unknown" | "requires_action" | "active" | "failed";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PaymentMethod"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_customers_by_id_payment_methods: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    type: string;
                    /** @description What the provider’s own form gave the browser. Never a card number. */
                    token: string;
                    /** @description Where it is kept; the oldest usable connection that keeps methods when absent. */
                    connection?: string;
                    /**
                     * Format: uri
                     * @description Where the payer comes back after agreeing at the bank.
                     */
                    return_url?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentMethod"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentMethod"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_customers_by_id_payment_methods_by_payment_method_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
                payment_method_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentMethod"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_customers_by_id_payment_methods_by_payment_method_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
                payment_method_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_customers_by_id_payment_methods_by_payment_method_id_default: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
                payment_method_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentMethod"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_dashboard: {
        parameters: {
            query?: {
                /** @description Inclusive, to the hour; the first instant of 30 days ago when absent. */
                from?: string;
                /** @description Exclusive, to the end of its hour; now when absent. */
                to?: string;
                /** @description Of the series, in UTC; by the hour up to three days when absent. */
                interval?: "hour" | "day";
                connection?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dashboard"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_deliveries: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                endpoint?: string;
                event?: string;
                status?: "pending" | "succeeded" | "failed";
                /** @description One type, or all of an object: `payment.*`. */
                event_type?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Delivery"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_deliveries_replay: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    cursor?: string;
                    /** Format: date-time */
                    created_from?: string;
                    /** Format: date-time */
                    created_to?: string;
                    endpoint?: string;
                    event?: string;
                    /**
                     * @description `failed` unless said otherwise: `succeeded` sends again what was taken already.
                     * @enum {string}
                     */
                    status?: "succeeded" | "failed";
                    /** @description One type, or all of an object: `payment.*`. */
                    event_type?: string;
                    /** @description Counts, and sends nothing. */
                    dry_run?: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayedDeliveries"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_deliveries_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_deliveries_by_id_retry: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_disputes: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "warning_needs_response" | "warning_under_review" | "warning_closed" | "needs_response" | "under_review" | "won" | "lost" | "accepted";
                reason?: "fraudulent" | "duplicate" | "product_not_received" | "product_unacceptable" | "subscription_canceled" | "credit_not_processed" | "unrecognized" | "incorrect_amount" | "general";
                payment?: string;
                connection?: string;
                /** @description Those that still want evidence, and by then. */
                due_before?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Dispute"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_disputes_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dispute"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_disputes_by_id_accept: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dispute"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dispute"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_disputes_by_id_evidence: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What was sold. */
                    product_description?: string;
                    customer_name?: string;
                    /** Format: email */
                    customer_email?: string;
                    shipping_carrier?: string;
                    shipping_tracking_number?: string;
                    shipping_date?: string;
                    /** @description How and when the buyer was shown the refund policy. */
                    refund_policy_disclosure?: string;
                    /** @description Everything else that speaks for you. */
                    explanation?: string;
                    /** @description True sends it to the bank, once and for all; false keeps a draft at the provider. */
                    submit: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dispute"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dispute"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_documents_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_documents_by_id_content: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_documents_by_id_link: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Seconds.
                     * @default 86400
                     */
                    expires_in?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentLink"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_einvoicing_send: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    invoice_id: string;
                    /** @enum {string} */
                    country?: "MX" | "EC" | "ES";
                };
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EInvoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_einvoicing_status_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EInvoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_events: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description One type, or all of an object: `payment.*`. */
                type?: string;
                /** @description Id of the payment, refund, connection … that it is about. */
                subject?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Event"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_events_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_global_invoices: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                issuer?: string;
                status?: "making" | "issued" | "replacing" | "canceled";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["GlobalInvoice"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_global_invoices: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    period: {
                        /** @enum {string} */
                        periodicity?: "daily" | "weekly" | "biweekly" | "monthly" | "bimonthly";
                        /**
                         * Format: date
                         * @description Any day of the period, by the issuer’s calendar.
                         */
                        day: string;
                    };
                    issuer?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["GlobalInvoice"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_global_invoices_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GlobalInvoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_inbound_events: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                connection?: string;
                verdict?: "verified" | "unverifiable" | "refused";
                status?: "received" | "retrying" | "processed" | "ignored" | "unmatched" | "parked" | "refused";
                event_type?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["InboundEvent"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_inbound_events_replay: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Only count.
                     * @default false
                     */
                    dry_run?: boolean;
                    /** @description `next_cursor` of the call before: goes on behind what it replayed. */
                    cursor?: string;
                    connection?: string;
                    /** @enum {string} */
                    status?: "received" | "retrying" | "processed" | "ignored" | "unmatched" | "parked";
                    event_type?: string;
                    /** Format: date-time */
                    created_from?: string;
                    /** Format: date-time */
                    created_to?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replayed"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_inbound_events_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InboundEventDetail"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_inbound_events_by_id_bundle: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentBundle"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_inbound_events_by_id_replay: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InboundEvent"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_invoices: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "draft" | "queued" | "signed" | "submitted" | "unknown" | "issued" | "rejected" | "cancel_requested" | "cancel_pending_acceptance" | "canceled" | "cancel_rejected";
                kind?: string;
                issuer?: string;
                customer_tax_id?: string;
                fiscal_id?: string;
                reference?: string;
                payment_id?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Invoice"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewInvoice"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices_validate: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewInvoice"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvoiceValidation"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_invoices_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_invoices_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeInvoice"];
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices_by_id_cancel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Mexico: 01 with a substitute, 02 without relation, 03 not carried out, 04 nominative in a global invoice. */
                    motive: string;
                    /** @description The invoice (inv_…) or the fiscal id that replaces it: already issued, related to this one by 04. */
                    substitute?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices_by_id_credit_notes: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What is credited; all of it when absent. */
                    lines?: components["schemas"]["InvoiceLine"][];
                    /**
                     * @description Mexico: 01 credit note, 03 return, 07 advance.
                     * @default 01
                     */
                    relation?: string;
                    form?: string;
                    /** @description Ecuador: motivo. Spain: a note beside the reason code. */
                    reason?: string;
                    es?: {
                        /**
                         * @description ReasonCode: 01–16 (RD 1619/2012), 80–85 (art. 80 LIVA)
                         * @default 16
                         */
                        reason?: string;
                        /**
                         * @description CorrectionMethod: 01 in full, 02 differences, 03 volume discount, 04 authorised by the AEAT
                         * @default 02
                         * @enum {string}
                         */
                        method?: "01" | "02" | "03" | "04";
                        /** @description In which the correction takes effect; the month of the corrected invoice when absent. */
                        period?: {
                            /** Format: date */
                            start: string;
                            /** Format: date */
                            end: string;
                        };
                        /** @description Of the corrected invoice, where it is not one of ours. */
                        series?: string;
                        number?: string;
                        /** Format: date */
                        issued_on?: string;
                        note?: string;
                    };
                    series?: string;
                    reference?: string;
                    metadata?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices_by_id_issue: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_invoices_by_id_payment_link: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvoicePaymentLink"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices_by_id_payment_link: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description The payer may pay a part of what is due.
                     * @default false
                     */
                    partial?: boolean;
                    /** @description Minor units: the least that a part may be, but for the last. */
                    minimum?: number;
                    /** @description Which methods are offered; all that your connections can take when absent. */
                    methods?: string[];
                    /** @description The one connection that is used; as your routing rules say when absent. */
                    connection?: string;
                    /**
                     * Format: uri
                     * @description Offered to the payer when it is paid.
                     */
                    success_url?: string;
                    /** Format: date-time */
                    expires_at?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvoicePaymentLink"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_invoices_by_id_payment_link: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices_by_id_payments: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description In the invoice’s currency; all that is open when absent. */
                    amount?: string;
                    /** @description Mexico: c_FormaPago, never 99; that of `payment`’s method when absent. */
                    form?: string;
                    /** @description Units of the country’s currency for one of the foreign one on the day of the payment. Required where the invoice or `payment` is in another currency. */
                    exchange_rate?: string;
                    /** Format: date-time */
                    paid_at?: string;
                    /** @description The payment of ours that paid it: succeeded, and for no more than it took. */
                    payment?: string;
                    operation_number?: string;
                    series?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_invoices_by_id_pdf: {
        parameters: {
            query?: {
                size?: "letter" | "a4";
                language?: "es" | "en";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices_by_id_resolve_review: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Of what nobody can be asked about, or what was compared by hand. `mark_issued`: the authority has it, under `fiscal_id`, which is asked for where that can be; `mark_rejected`: it has not, and the document can be corrected and issued again under its number; `dismiss`: the review ends and our state stays.
                     * @enum {string}
                     */
                    decision: "mark_issued" | "mark_rejected" | "dismiss";
                    /** @description With `mark_issued`: UUID, clave de acceso, registry number of FACe. */
                    fiscal_id?: string;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_invoices_by_id_send: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description An address or several; the customer’s when absent. */
                    to?: string | string[];
                    cc?: string[];
                    /**
                     * @description Of the mail and of the PDF; the issuer’s (`mail.language`) when absent.
                     * @enum {string}
                     */
                    language?: "es" | "en";
                    /** @description Your own words, above the facts. */
                    message?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Mail"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_invoices_by_id_xml: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_issuers: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                country?: "MX" | "EC" | "ES";
                tax_id?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Issuer"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_issuers: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    country: "MX" | "EC" | "ES";
                    /** @description RFC, RUC or NIF. */
                    tax_id: string;
                    /** @description Mexico: as the SAT has it, in capitals and without “SA DE CV”. */
                    legal_name: string;
                    trade_name?: string;
                    /** @description Mexico: c_RegimenFiscal. */
                    regime?: string;
                    /** @description Mexico: LugarExpedicion; it also tells the time zone. */
                    postal_code?: string;
                    address?: {
                        street?: string;
                        city?: string;
                        region?: string;
                        postal_code?: string;
                        country?: string;
                    };
                    /** Format: email */
                    email?: string;
                    phone?: string;
                    /** Format: uri */
                    website?: string;
                    branches?: components["schemas"]["Branch"][];
                    logo?: {
                        /** @description PNG or JPEG of 200 KB at most, in Base64. */
                        data: string;
                    };
                    colour?: string;
                    ticket_footer?: string;
                    /** @description The connection that issues when nobody names one. */
                    connection?: string;
                    mail?: {
                        /** @description Invoices are mailed to their customer as soon as they are issued, where there is an address. */
                        send?: boolean;
                        /**
                         * @description es when absent.
                         * @enum {string}
                         */
                        language?: "es" | "en";
                        /**
                         * Format: email
                         * @description Where answers go; `email` when absent.
                         */
                        reply_to?: string;
                        /** @description Who also gets what is sent by itself. */
                        cc?: string[];
                    };
                    mx?: {
                        /** @description IANA name, only where the postal code does not tell it: at the northern border. */
                        timezone?: string;
                        /**
                         * @description `automatic`: a payment of a PPD invoice gets its complemento de pago by itself. `manual` when absent; an invoice may say otherwise.
                         * @enum {string}
                         */
                        receipts?: "automatic" | "manual";
                        /** @description c_FormaPago by payment method (`{"paypal": "06"}`), where yours is another than the usual one. */
                        payment_forms?: {
                            [key: string]: string;
                        };
                    };
                    ec?: {
                        /** @description Contribuyente especial: number of the resolution. */
                        special_taxpayer?: string;
                        /** @description Obligado a llevar contabilidad. */
                        keeps_accounting?: boolean;
                        /** @description Agente de retención: number of the resolution. */
                        withholding_agent?: string;
                        /** @enum {string} */
                        rimpe?: "entrepreneur" | "popular_business";
                        /**
                         * @description Digest and signature of its comprobantes; sha1 when absent, which is what the SRI’s Ficha Técnica specifies.
                         * @enum {string}
                         */
                        signature?: "sha1" | "sha256";
                    };
                    es?: {
                        /** @enum {string} */
                        person?: "natural" | "legal";
                        /** @enum {string} */
                        residence?: "resident" | "eu" | "foreign";
                        /** @description Datos registrales, as they fit into a Facturae. */
                        registration?: string;
                        /** @description Of a person; then `legal_name` is the given name alone. */
                        first_surname?: string;
                        second_surname?: string;
                        /** @description Where its invoices are paid when they do not say otherwise. */
                        iban?: string;
                        bic?: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Issuer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_issuers_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Issuer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_issuers_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_issuers_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Mexico: as the SAT has it, in capitals and without “SA DE CV”. */
                    legal_name?: string;
                    trade_name?: string | null;
                    regime?: string | null;
                    postal_code?: string | null;
                    address?: {
                        street?: string;
                        city?: string;
                        region?: string;
                        postal_code?: string;
                        country?: string;
                    } | null;
                    email?: string | null;
                    phone?: string | null;
                    website?: string | null;
                    branches?: components["schemas"]["Branch"][];
                    logo?: {
                        /** @description PNG or JPEG of 200 KB at most, in Base64. */
                        data: string;
                    } | null;
                    colour?: string | null;
                    ticket_footer?: string | null;
                    /** @description For each kind of document the series that is used when nobody names one. */
                    default_series?: {
                        invoice?: string;
                        credit_note?: string;
                        debit_note?: string;
                        payment_receipt?: string;
                        global_invoice?: string;
                        transfer?: string;
                        withholding?: string;
                        delivery_note?: string;
                        purchase_settlement?: string;
                        sale?: string;
                    };
                    connection?: string | null;
                    mail?: {
                        /** @description Invoices are mailed to their customer as soon as they are issued, where there is an address. */
                        send?: boolean;
                        /**
                         * @description es when absent.
                         * @enum {string}
                         */
                        language?: "es" | "en";
                        /**
                         * Format: email
                         * @description Where answers go; `email` when absent.
                         */
                        reply_to?: string;
                        /** @description Who also gets what is sent by itself. */
                        cc?: string[];
                    };
                    mx?: {
                        /** @description IANA name, only where the postal code does not tell it: at the northern border. */
                        timezone?: string;
                        /**
                         * @description `automatic`: a payment of a PPD invoice gets its complemento de pago by itself. `manual` when absent; an invoice may say otherwise.
                         * @enum {string}
                         */
                        receipts?: "automatic" | "manual";
                        /** @description c_FormaPago by payment method (`{"paypal": "06"}`), where yours is another than the usual one. */
                        payment_forms?: {
                            [key: string]: string;
                        };
                    };
                    ec?: {
                        /** @description Contribuyente especial: number of the resolution. */
                        special_taxpayer?: string;
                        /** @description Obligado a llevar contabilidad. */
                        keeps_accounting?: boolean;
                        /** @description Agente de retención: number of the resolution. */
                        withholding_agent?: string;
                        /** @enum {string} */
                        rimpe?: "entrepreneur" | "popular_business";
                        /**
                         * @description Digest and signature of its comprobantes; sha1 when absent, which is what the SRI’s Ficha Técnica specifies.
                         * @enum {string}
                         */
                        signature?: "sha1" | "sha256";
                    };
                    es?: {
                        /** @enum {string} */
                        person?: "natural" | "legal";
                        /** @enum {string} */
                        residence?: "resident" | "eu" | "foreign";
                        /** @description Datos registrales, as they fit into a Facturae. */
                        registration?: string;
                        /** @description Of a person; then `legal_name` is the given name alone. */
                        first_surname?: string;
                        second_surname?: string;
                        /** @description Where its invoices are paid when they do not say otherwise. */
                        iban?: string;
                        bic?: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Issuer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_issuers_by_id_logo: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_mails: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description `sent`: the mail server has taken it for at least one recipient, and each recipient says what became of theirs; `parked`: it is not tried any more. */
                status?: "queued" | "sending" | "sent" | "refused" | "parked";
                about?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Mail"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_mails_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Mail"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_mails_by_id_retry: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Mail"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_notices: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description `sent`: the service has taken it; `refused`: it never will, as it is; `parked`: it is not tried any more; `unknown`: no answer came, and the service cannot know a repeat, so a person decides. */
                status?: "queued" | "sending" | "sent" | "refused" | "parked" | "unknown";
                kind?: "payment_received" | "payment_failed" | "payment_pending" | "refund" | "invoice" | "self_invoice_link" | "self_invoice_reminder" | "correct_your_data" | "alert";
                channel?: "mail" | "whatsapp" | "web_push";
                about?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Notice"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_notices_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Notice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_notices_by_id_retry: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Notice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_notification_channels: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["NotificationChannel"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_notification_channels: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description What the channel needs stands under the name of its type. */
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    type: "mail" | "whatsapp" | "web_push";
                    label?: string;
                    /** @description The tenant’s own mail server. Without this channel mails go through the operator’s. */
                    mail?: {
                        /** @description `smtps://user:password@host` or `smtp://…` with STARTTLS. Write-only. */
                        url: string;
                        /**
                         * Format: email
                         * @description Address that mails come from, and that bounces go to.
                         */
                        from: string;
                    };
                    whatsapp?: {
                        /** @description Id of the sending number at Meta, not the number. */
                        phone_number_id: string;
                        /** @description Of a system user, with `whatsapp_business_messaging`. Write-only. */
                        access_token: string;
                        /** @description Of the app at Meta, which signs the webhooks that tell what became of a message. Without it none is believed. Write-only. */
                        app_secret?: string;
                        /** @description Of the Graph API; the server’s when absent. */
                        graph_version?: string;
                        /** @description Put before numbers of ten digits that have none: `52`. */
                        country_code?: string;
                        /** @description For each kind of notice the template that tells it. A kind without one is not told by WhatsApp. */
                        templates?: {
                            payment_received?: components["schemas"]["WhatsappTemplate"];
                            payment_failed?: components["schemas"]["WhatsappTemplate"];
                            payment_pending?: components["schemas"]["WhatsappTemplate"];
                            refund?: components["schemas"]["WhatsappTemplate"];
                            invoice?: components["schemas"]["WhatsappTemplate"];
                            self_invoice_link?: components["schemas"]["WhatsappTemplate"];
                            self_invoice_reminder?: components["schemas"]["WhatsappTemplate"];
                            correct_your_data?: components["schemas"]["WhatsappTemplate"];
                            alert?: components["schemas"]["WhatsappTemplate"];
                        };
                    };
                    /** @description The keys are made here. */
                    web_push?: {
                        /** @description Whom a push service may write to about its traffic (RFC 8292 §2.1). */
                        subject: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationChannel"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_notification_channels_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationChannel"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_notification_channels_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_notification_channels_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    label?: string;
                    enabled?: boolean;
                    mail?: {
                        /** @description `smtps://user:password@host` or `smtp://…` with STARTTLS. Write-only. */
                        url?: string;
                        /**
                         * Format: email
                         * @description Address that mails come from, and that bounces go to.
                         */
                        from?: string;
                    };
                    whatsapp?: {
                        /** @description Id of the sending number at Meta, not the number. */
                        phone_number_id?: string;
                        /** @description Of a system user, with `whatsapp_business_messaging`. Write-only. */
                        access_token?: string;
                        /** @description Of the app at Meta, which signs the webhooks that tell what became of a message. Without it none is believed. Write-only. */
                        app_secret?: string;
                        /** @description Of the Graph API; the server’s when absent. */
                        graph_version?: string;
                        /** @description Put before numbers of ten digits that have none: `52`. */
                        country_code?: string;
                        /** @description For each kind of notice the template that tells it. A kind without one is not told by WhatsApp. */
                        templates?: {
                            payment_received?: components["schemas"]["WhatsappTemplate"];
                            payment_failed?: components["schemas"]["WhatsappTemplate"];
                            payment_pending?: components["schemas"]["WhatsappTemplate"];
                            refund?: components["schemas"]["WhatsappTemplate"];
                            invoice?: components["schemas"]["WhatsappTemplate"];
                            self_invoice_link?: components["schemas"]["WhatsappTemplate"];
                            self_invoice_reminder?: components["schemas"]["WhatsappTemplate"];
                            correct_your_data?: components["schemas"]["WhatsappTemplate"];
                            alert?: components["schemas"]["WhatsappTemplate"];
                        };
                    };
                    web_push?: {
                        /** @description Whom a push service may write to about its traffic (RFC 8292 §2.1). */
                        subject?: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationChannel"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_notification_channels_by_id_test: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationChannelTest"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_notification_settings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationSettings"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    put_notification_settings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description All of them: what is left out is as the catalogue has it. */
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description In which the tenant’s own people are written to.
                     * @enum {string}
                     */
                    language?: "es" | "en";
                    /** @description Who is written to as the administrator; its users of that role when empty. */
                    admin_emails?: string[];
                    /** @description What a provider mails to the buyer itself (Stripe’s receipts, a PAC’s invoices): it is not mailed a second time. */
                    told_by_provider?: {
                        connection: string;
                        kinds: ("payment_received" | "payment_failed" | "payment_pending" | "refund" | "invoice" | "self_invoice_link" | "self_invoice_reminder" | "correct_your_data" | "alert")[];
                    }[];
                    notices?: {
                        payment_received?: {
                            buyer?: {
                                mail?: boolean;
                                whatsapp?: boolean;
                                web_push?: boolean;
                            };
                            admin?: {
                                mail?: boolean;
                                web_push?: boolean;
                            };
                        };
                        payment_failed?: {
                            buyer?: {
                                mail?: boolean;
                                whatsapp?: boolean;
                                web_push?: boolean;
                            };
                            admin?: {
                                mail?: boolean;
                                web_push?: boolean;
                            };
                        };
                        payment_pending?: {
                            buyer?: {
                                mail?: boolean;
                                whatsapp?: boolean;
                                web_push?: boolean;
                            };
                            admin?: {
                                mail?: boolean;
                                web_push?: boolean;
                            };
                            days?: number[];
                        };
                        refund?: {
                            buyer?: {
                                mail?: boolean;
                                whatsapp?: boolean;
                                web_push?: boolean;
                            };
                            admin?: {
                                mail?: boolean;
                                web_push?: boolean;
                            };
                        };
                        invoice?: {
                            buyer?: {
                                mail?: boolean;
                                whatsapp?: boolean;
                                web_push?: boolean;
                            };
                        };
                        self_invoice_link?: {
                            buyer?: {
                                mail?: boolean;
                                whatsapp?: boolean;
                                web_push?: boolean;
                            };
                        };
                        self_invoice_reminder?: {
                            buyer?: {
                                mail?: boolean;
                                whatsapp?: boolean;
                                web_push?: boolean;
                            };
                            days?: number[];
                        };
                        correct_your_data?: {
                            buyer?: {
                                mail?: boolean;
                                whatsapp?: boolean;
                                web_push?: boolean;
                            };
                        };
                        alert?: {
                            admin?: {
                                mail?: boolean;
                                web_push?: boolean;
                            };
                        };
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationSettings"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_operations: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                connection?: string;
                kind?: "test" | "create_payment" | "get_payment" | "find_payment" | "confirm_payment" | "complete_payment" | "capture" | "cancel" | "refund" | "get_refund" | "find_refund" | "list_transactions" | "list_payments" | "create_checkout" | "get_checkout" | "find_checkout" | "expire_checkout" | "get_checkout_of" | "create_payment_link" | "get_payment_link" | "find_payment_link" | "expire_payment_link" | "create_customer" | "update_customer" | "find_customer" | "delete_customer" | "save_method" | "get_setup" | "list_methods" | "remove_method" | "create_plan" | "find_plan" | "create_subscription" | "get_subscription" | "find_subscription" | "update_subscription" | "preview_update" | "cancel_subscription" | "pause_subscription" | "resume_subscription" | "list_cycles" | "get_dispute" | "list_disputes" | "submit_evidence" | "accept_dispute" | "register_webhook" | "unregister_webhook" | "provoke_webhook" | "exchange_code" | "refresh_grant" | "prove_grant" | "revoke_grant" | "issue" | "get_document" | "find_document" | "validate_document" | "cancel_document" | "get_cancellation" | "download" | "credit_note" | "payment_receipt" | "self_invoice" | "register_sale" | "global_invoice" | "account_status" | "upload_certificate" | "check_customer" | "look_up_document" | "submit_records" | "find_records";
                /** @description `refused`: the provider said no; `unknown`: it may have acted; `nowhere`: it was never reached. */
                outcome?: "running" | "succeeded" | "refused" | "unknown" | "nowhere";
                /** @description Id of the payment, refund or connection. */
                subject?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Operation"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_operations_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationDetail"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_partners: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Partner"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_partners: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Partner"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_partners_by_id_api_keys: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    label?: string;
                    /** @enum {string} */
                    mode: "test" | "live";
                    /** @description What the key may do; nobody can grant what they do not have. Left out: read and write of payments, connections, invoices, events, inbound, operations and alerts, as far as its maker has them. */
                    scopes?: ("payments:read" | "payments:write" | "customers:read" | "customers:write" | "subscriptions:read" | "subscriptions:write" | "connections:read" | "connections:write" | "invoices:read" | "invoices:write" | "certificates:read" | "certificates:write" | "issuers:read" | "issuers:write" | "events:read" | "webhooks:read" | "webhooks:write" | "inbound:read" | "inbound:write" | "operations:read" | "alerts:read" | "alerts:write" | "reports:read" | "audit:read" | "users:read" | "users:write" | "api_keys:read" | "api_keys:write" | "partners:read" | "partners:write" | "tenants:read" | "tenants:write" | "queues:read" | "queues:write" | "support:read" | "support:write")[];
                    /** Format: date-time */
                    expires_at?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeApiKey"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    put_partners_by_id_tenants_by_tenant_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PartnerGrant"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_partners_by_id_tenants_by_tenant_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
                tenant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_payment_links: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "unknown" | "open" | "complete" | "expired" | "failed";
                reference?: string;
                connection?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PaymentLink"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_payment_links: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Minor units of `currency` (ISO 4217 exponent). */
                    amount: number;
                    /** @description ISO 4217, upper case. */
                    currency: string;
                    /** @description Sums to `amount`. */
                    lines?: {
                        name: string;
                        description?: string;
                        quantity: number;
                        /** @description Minor units of `currency`, tax included. */
                        unit_amount: number;
                    }[];
                    /** @description The connection to use; as routing says when absent. */
                    connection?: string;
                    /**
                     * @default automatic
                     * @enum {string}
                     */
                    capture?: "automatic" | "manual";
                    /** @description Which of the provider’s methods are offered; all that the account has when absent. */
                    methods?: string[];
                    /**
                     * Format: date-time
                     * @description When it ends. Providers have limits of their own (Stripe’s sessions: 30 minutes to 24 hours).
                     */
                    expires_at?: string;
                    /** @description Your own order number. */
                    reference?: string;
                    description?: string;
                    /** @description What the payer’s bank shows: 5 to 22 characters, one a letter at least. */
                    statement_descriptor?: string;
                    metadata?: {
                        [key: string]: string;
                    };
                    /** @description The issued invoice that this collects, or part of it: never more than is due, and never twice at once. */
                    invoice_id?: string;
                    invoice?: components["schemas"]["PageInvoiceData"];
                    /** @description Asks the buyer for a tax id on the page, where the provider can. */
                    collect_tax_id?: boolean;
                    /**
                     * Format: uri
                     * @description Where the payer goes when it is paid; the provider’s own page when absent.
                     */
                    success_url?: string;
                    /** @description How many may pay; any number when absent. */
                    max_payments?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentLink"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentLink"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_payment_links_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentLink"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_payment_links_by_id_expire: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentLink"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_payments: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "requires_payment_method" | "requires_action" | "processing" | "authorized" | "succeeded" | "canceled" | "failed" | "expired" | "unknown";
                reference?: string;
                connection?: string;
                /** @description The page or the subscription that they came of. */
                origin?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Payment"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_payments: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPayment"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_payments_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_payments_by_id_cancel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    reason?: "requested_by_customer" | "duplicate" | "fraudulent" | "abandoned";
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_payments_by_id_capture: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Minor units of `currency` (ISO 4217 exponent). */
                    amount?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_payments_by_id_confirm: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description How the payer pays: `type` is one of the provider’s methods; a card comes only as the provider’s token, or as a method that was saved. */
                    method: {
                        type: string;
                        token?: string;
                        /** @description A saved method of `customer`, instead of a token. */
                        payment_method?: string;
                        /** @description What else the method asks of its payer, by the names of the provider’s page: a bank (PSE), the kind of document. Never a card number. */
                        details?: {
                            [key: string]: string;
                        };
                    };
                    /** Format: uri */
                    return_url?: string;
                    off_session?: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_payments_by_id_refunds: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Refund"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_payments_by_id_refunds: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRefund"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refund"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refund"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_payments_by_id_resolve_review: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description `accept_provider`: what the provider says becomes ours; `dismiss`: keep our state; `mark_*`: close by hand.
                     * @enum {string}
                     */
                    decision: "accept_provider" | "dismiss" | "mark_succeeded" | "mark_failed" | "mark_canceled";
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_payments_by_id_timeline: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Timeline"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_plans: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "active" | "archived";
                reference?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Plan"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_plans: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What the payer reads on the bill. */
                    name: string;
                    /** @description Minor units of `currency` (ISO 4217 exponent). */
                    amount: number;
                    /** @description ISO 4217, upper case. */
                    currency: string;
                    /** @enum {string} */
                    interval: "day" | "week" | "month" | "year";
                    /**
                     * @description Every so many intervals; together at most three years.
                     * @default 1
                     */
                    interval_count?: number;
                    trial_days?: number;
                    reference?: string;
                    metadata?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_plans_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_plans_by_id_archive: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_privacy_erase: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description One person: by tax id or as a customer, one of both. */
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Of the tax id; looked for in all of them when absent.
                     * @enum {string}
                     */
                    country?: "MX" | "EC" | "ES";
                    tax_id?: string;
                    /** @description A customer of yours, and whoever has their tax id. */
                    customer?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonErasure"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_privacy_export: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description One person: by tax id or as a customer, one of both. */
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Of the tax id; looked for in all of them when absent.
                     * @enum {string}
                     */
                    country?: "MX" | "EC" | "ES";
                    tax_id?: string;
                    /** @description A customer of yours, and whoever has their tax id. */
                    customer?: string;
                };
            };
        };
        responses: {
            /** @description All that is kept about one person. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonExport"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_providers: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Provider"][];
                        next_cursor: null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_providers_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Provider"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_reconciliation_settings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationSettings"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    put_reconciliation_settings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Minor units by which an amount may be off; 0 when absent. */
                    absolute?: number;
                    /** @description Per cent of what is expected by which it may be off; the larger of the two counts. 0 when absent. */
                    percent?: number;
                    /**
                     * @description `accept`: a movement that the provider settled in another currency counts as found. `mismatch` when absent.
                     * @enum {string}
                     */
                    other_currency?: "mismatch" | "accept";
                    days?: {
                        /** @description After which a payment has to be in the provider’s books; 3 when absent. */
                        provider?: number;
                        /** @description After which a payout or a transfer has to be on a statement; 5 when absent. */
                        bank?: number;
                        /** @description After which a sale that nobody decided on has to have a document; 31 when absent. */
                        document?: number;
                    };
                    /** @description An exception that nobody resolved for so long raises an alert; 2 when absent. */
                    alert_after_days?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationSettings"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_refunds_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refund"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_reports_fees: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description `csv` and `xlsx` are files with every row; `json` is a page, unless `download` is set. */
                format?: "json" | "csv" | "xlsx";
                /** @description With `format=json`: every row in one file, as `{data, totals}`. */
                download?: boolean;
                connection?: string;
                provider?: string;
                currency?: string;
                kind?: "payment" | "adjustment" | "document";
                source?: "provider" | "expected" | "none";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or a file with every row. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["FeeRow"][];
                        totals: components["schemas"]["FeeTotal"][] | null;
                        next_cursor: string | null;
                    };
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_reports_invoices: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description `csv` and `xlsx` are files with every row; `json` is a page, unless `download` is set. */
                format?: "json" | "csv" | "xlsx";
                /** @description With `format=json`: every row in one file, as `{data, totals}`. */
                download?: boolean;
                connection?: string;
                provider?: string;
                currency?: string;
                status?: "draft" | "queued" | "signed" | "submitted" | "unknown" | "issued" | "rejected" | "cancel_requested" | "cancel_pending_acceptance" | "canceled" | "cancel_rejected";
                /** @description Whether the authority has it (a cancelled one was stamped). */
                stamped?: boolean;
                kind?: string;
                country?: "MX" | "EC" | "ES";
                issuer?: string;
                /** @description Its code. */
                series?: string;
                customer_tax_id?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or a file with every row. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["InvoiceReportRow"][];
                        totals: components["schemas"]["InvoiceTotal"][] | null;
                        next_cursor: string | null;
                    };
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_reports_reconciliation: {
        parameters: {
            query?: {
                leg?: "provider" | "payout" | "bank" | "document";
                /** @description `exception`: whatever somebody has to look at. */
                status?: "matched" | "expected" | "missing" | "amount_over" | "amount_under" | "currency_mismatch" | "duplicate" | "unexpected" | "exception";
                resolved?: boolean;
                connection?: string;
                currency?: string;
                subject?: string;
                /** @description Days since the money moved. */
                age?: "0-1" | "2-7" | "8-30" | "31+";
                /** @description When the money moved. */
                created_from?: string;
                created_to?: string;
                limit?: number;
                cursor?: string;
                /** @description `csv` and `xlsx` are files with every row; `json` is a page, unless `download` is set. */
                format?: "json" | "csv" | "xlsx";
                /** @description With `format=json`: every row in one file, as `{data, totals}`. */
                download?: boolean;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of items, or a file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationReport"];
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_reports_reconciliation_run: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: date-time
                     * @description Everything since then is looked at again; left out: only what changed.
                     */
                    from?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationRun"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_reports_reconciliation_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationItem"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_reports_reconciliation_by_id_resolve: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description `accepted`: it is as it should be. `corrected`: it was put right elsewhere. `written_off`: the difference is borne.
                     * @enum {string}
                     */
                    action: "accepted" | "corrected" | "written_off";
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReconciliationItem"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_reports_transactions: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description `csv` and `xlsx` are files with every row; `json` is a page, unless `download` is set. */
                format?: "json" | "csv" | "xlsx";
                /** @description With `format=json`: every row in one file, as `{data, totals}`. */
                download?: boolean;
                connection?: string;
                provider?: string;
                currency?: string;
                type?: "payment" | "refund";
                status?: "requires_payment_method" | "requires_action" | "processing" | "authorized" | "succeeded" | "canceled" | "failed" | "expired" | "unknown" | "pending";
                /** @description Of a refund that of its payment. */
                method?: string;
                reference?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or a file with every row. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["TransactionRow"][];
                        totals: components["schemas"]["TransactionTotal"][] | null;
                        next_cursor: string | null;
                    };
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_routing: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Routing"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    put_routing: {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that was read. */
                "if-match"?: string;
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The version that was read: a list that somebody changed since is not written over (409). `If-Match` says the same. */
                    version?: number;
                    rules: {
                        name?: string;
                        /** @default true */
                        enabled?: boolean;
                        match?: {
                            /**
                             * @default payments
                             * @enum {string}
                             */
                            family?: "payments" | "invoicing";
                            /** @description ISO 4217. */
                            currency?: string | string[];
                            /** @description Of the payer (`country` of the payment); of an invoice, where it is valid. */
                            country?: string | string[];
                            /** @description Type of the payment method, such as `card`. */
                            method?: string | string[];
                            /** @description Inclusive, in minor units of the currency asked about: name `currency` beside it. */
                            amount?: {
                                min?: number;
                                max?: number;
                            };
                            /** @description Each key must have one of its values. */
                            metadata?: {
                                [key: string]: string | string[];
                            };
                            /** @description Id of a customer (`cus_…`) or a mail address. */
                            customer?: string | string[];
                            /** @description Of an invoice: id of the issuer (`iss_…`) or its tax id. */
                            issuer?: string | string[];
                            /** @description Of an invoice. */
                            series?: string | string[];
                        };
                        /** @description In the order in which they are tried. */
                        connections: string[];
                        failover?: {
                            /** @description Refusals after which the next connection is tried. One that could not be reached at all always is; one whose outcome is not known never. */
                            on: ("provider_unavailable" | "rate_limited" | "invalid_credentials" | "permission_denied" | "merchant_balance_insufficient" | "unsupported" | "amount_invalid" | "limit_exceeded" | "card_declined" | "insufficient_funds" | "expired_card" | "incorrect_cvc" | "invalid_card" | "authentication_failed")[];
                        };
                    }[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Routing"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_routing_decide: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @default payments
                     * @enum {string}
                     */
                    family?: "payments" | "invoicing";
                    /** @description Minor units of `currency` (ISO 4217 exponent). */
                    amount?: number;
                    /** @description ISO 4217, upper case. */
                    currency?: string;
                    method?: string | {
                        type: string;
                    };
                    /** @description ISO 3166-1 alpha-2, upper case. */
                    country?: string;
                    customer?: string;
                    metadata?: {
                        [key: string]: string;
                    };
                    issuer?: string;
                    series?: string;
                    /** @enum {string} */
                    capture?: "automatic" | "manual";
                    /** @description As in a payment: named, so that no rule is asked. */
                    connection?: string;
                    /**
                     * @description How much of what was not chosen is explained: nothing, the first 50 rules and connections, or all.
                     * @default some
                     * @enum {string}
                     */
                    explain?: "none" | "some" | "all";
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoutingDecision"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_sales: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "pending" | "canceled" | "paid" | "paid_invoice_pending" | "paid_invoiced" | "paid_global_pending" | "paid_in_global" | "paid_invoiced_elsewhere" | "refunded";
                document?: "undecided" | "link" | "invoicing" | "correcting" | "invoiced" | "global_pending" | "in_global" | "leaving_global" | "elsewhere";
                reference?: string;
                payment?: string;
                global_invoice?: string;
                issuer?: string;
                ticket?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Sale"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_sales: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSale"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_sales_batch: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    sales: {
                        /** @description Who sells; as your settings say when absent. */
                        issuer?: string;
                        branch?: string;
                        till?: string;
                        /** @description MXN, USD and EUR by the issuer’s country when absent. */
                        currency?: string;
                        /** @description Units of the issuer’s currency for one of `currency`, where it is another: its document says it. */
                        exchange_rate?: string;
                        /** @description With taxes, minor units. Instead of `lines`: then it is one line as your settings describe it. With them it must be their total. */
                        amount?: number;
                        /** @description Of that one line. */
                        description?: string;
                        lines?: components["schemas"]["InvoiceLine"][];
                        /** @description How it was paid. Their amounts sum to the total; a single one may leave its amount out. Absent: not paid yet. */
                        tenders?: {
                            /** @description c_FormaPago: 01 cash, 03 transfer, 04 credit card, 28 debit card … Never 99. */
                            form: string;
                            /** @description Minor units of `currency` (ISO 4217 exponent). */
                            amount?: number;
                            /** @description The payment of ours that took it. */
                            payment?: string;
                            /** @description The code of a store credit: this redeems it. */
                            store_credit?: string;
                        }[];
                        /**
                         * @description in_person when absent.
                         * @enum {string}
                         */
                        payment_type?: "in_person" | "online";
                        customer?: {
                            name?: string;
                            /** Format: email */
                            email?: string;
                            phone?: string;
                            /** @description Whose sales these are: the customer of yours that has it, or one that is made. */
                            tax_id?: string;
                            /** @description A customer of yours. */
                            customer?: string;
                            /** @enum {string} */
                            language?: "es" | "en";
                            invoice?: components["schemas"]["InvoiceCustomer"];
                        };
                        /** @description Of a paid one: true gives the buyer a link (or, with `customer.invoice`, the invoice), false puts it into the next global invoice. Undecided when absent. */
                        requires_invoice?: boolean;
                        /** @description Who took the money. */
                        confirmed_by?: string;
                        /**
                         * Format: date-time
                         * @description Now when absent; never in the future.
                         */
                        sold_at?: string;
                        /** @description Your own number. */
                        reference?: string;
                        metadata?: {
                            [key: string]: string;
                        };
                        client_id: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SalesBatch"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_sales_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_sales_by_id_cancel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_sales_by_id_confirm_payment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    payment_received: boolean;
                    /** @description c_FormaPago: 01 cash, 03 transfer, 04 credit card, 28 debit card … Never 99. */
                    payment_method?: string;
                    /** @description Instead of `payment_method`, where it was paid in several ways. */
                    tenders?: {
                        /** @description c_FormaPago: 01 cash, 03 transfer, 04 credit card, 28 debit card … Never 99. */
                        form: string;
                        /** @description Minor units of `currency` (ISO 4217 exponent). */
                        amount?: number;
                        /** @description The payment of ours that took it. */
                        payment?: string;
                        /** @description The code of a store credit: this redeems it. */
                        store_credit?: string;
                    }[];
                    requires_invoice?: boolean;
                    confirmed_by?: string;
                    /** Format: email */
                    customer_email?: string;
                    customer_phone?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_sales_by_id_invoice: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer: components["schemas"]["InvoiceCustomer"];
                    series?: string;
                    /** @description c_FormaPago: 01 cash, 03 transfer, 04 credit card, 28 debit card … Never 99. */
                    form?: string;
                    send?: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_sales_by_id_refund: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description `card`: by the payment that took it. `store_credit`: a code that is worth as much.
                     * @enum {string}
                     */
                    method: "cash" | "card" | "store_credit";
                    /** @description Minor units of `currency` (ISO 4217 exponent). */
                    amount?: number;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_sales_by_id_ticket: {
        parameters: {
            query?: {
                /** @description Millimetres of the roll. */
                width?: "58" | "80";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_sales_settings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SalesSettings"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    put_sales_settings: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description What becomes of a payment that took money: nothing; a sale, whose document a person decides (`record`, when absent); or a sale that is invoiced by itself where the buyer’s data is known, and otherwise waits for it and then for the global invoice.
                     * @enum {string}
                     */
                    payments?: "ignore" | "record" | "invoice";
                    issuer?: string | null;
                    self_invoice?: {
                        /** @description How long the buyer’s link is good; 7 when absent. */
                        days?: number;
                        /**
                         * @description What becomes of a sale whose link is still open when its global invoice is made: it waits for its link and goes into the next one (`wait`, when absent), or it goes into this one and the link ends.
                         * @enum {string}
                         */
                        open_on_global_day?: "wait" | "include";
                    };
                    global_invoice?: {
                        /** @description Made by itself after each period; true when absent. */
                        automatic?: boolean;
                        /**
                         * @description monthly when absent. bimonthly is for the régimen 621 alone (c_Periodicidad 05).
                         * @enum {string}
                         */
                        periodicity?: "daily" | "weekly" | "biweekly" | "monthly" | "bimonthly";
                        /** @description Of the month after a monthly or bimonthly period; 1 when absent. The others are made on the day after their period. */
                        day?: number;
                    };
                    /** @description So long a buyer may correct the data of an online sale whose invoice was refused, and never beyond the last day of the month; then it goes into the global invoice. 72 when absent. */
                    orphan_hours?: number;
                    /**
                     * @description What happens to a payment whose fiscal data breaks rules; `refuse` when absent.
                     * @enum {string}
                     */
                    preflight?: "refuse" | "let_through";
                    /**
                     * @description `delegate`: once an invoice is stamped, the buyer’s fiscal data stays in no column here; the stamped bytes are kept encrypted. `keep` when absent.
                     * @enum {string}
                     */
                    fiscal_data?: "keep" | "delegate";
                    line?: {
                        description?: string;
                        /** @description c_ClaveProdServ */
                        product_key?: string;
                        /** @description c_ClaveUnidad */
                        unit_key?: string;
                        taxes?: {
                            /** @description IVA, ISR, IEPS … of the country */
                            type: string;
                            /** @description A fraction: 0.16 */
                            rate: string;
                            withheld?: boolean;
                            exempt?: boolean;
                            /** @description `rate` is an amount a unit, not a fraction. */
                            quota?: boolean;
                            /** @description Where the law’s base is not the line’s amount. */
                            base?: string;
                            /** @description The authority’s own code where the rate does not tell it. Ecuador: ICE by table 18; IVA 6, not subject. */
                            code?: string;
                        }[];
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SalesSettings"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_self_invoices: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    sale: string;
                    days?: number;
                    /** Format: email */
                    customer_email?: string;
                    customer_phone?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SelfInvoice"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_series: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                issuer?: string;
                document?: "invoice" | "credit_note" | "debit_note" | "payment_receipt" | "global_invoice" | "transfer" | "withholding" | "delivery_note" | "purchase_settlement" | "sale";
                branch?: string;
                active?: boolean;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Series"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_series: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    issuer: string;
                    /**
                     * @description The kind of document that it numbers.
                     * @enum {string}
                     */
                    document: "invoice" | "credit_note" | "debit_note" | "payment_receipt" | "global_invoice" | "transfer" | "withholding" | "delivery_note" | "purchase_settlement" | "sale";
                    /** @description Only for documents of this branch. Required in Ecuador, where it is the establecimiento. */
                    branch?: string;
                    /** @description Only for this till of the branch. Required in Ecuador, where it is the punto de emisión. */
                    till?: string;
                    /** @description Mexico: Serie; Spain: the code of the series. In Ecuador it follows from branch and till. */
                    prefix?: string;
                    /** @description The number is filled up with zeros to so many digits; 9 in Ecuador, otherwise not at all. */
                    digits?: number;
                    /**
                     * @description Where to go on from, when numbers were given out elsewhere before.
                     * @default 1
                     */
                    next_number?: number;
                    /** @default true */
                    active?: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Series"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_series_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Series"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_series_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    digits?: number;
                    /** @description Only upwards: a number is never given out twice. Those left out stay a gap, which you may have to explain. */
                    next_number?: number;
                    active?: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Series"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_sessions: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Session"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_sessions: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: email */
                    email: string;
                    password: string;
                    /** @description Needed only when mail and password open several tenants; the answer then lists them. */
                    tenant?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenSession"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_sessions_current: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenSession"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_sessions_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_store_credits: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "active" | "redeemed" | "expired" | "void";
                code?: string;
                sale?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["StoreCredit"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_store_credits: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Minor units of `currency` (ISO 4217 exponent). */
                    amount: number;
                    /** @description ISO 4217, upper case. */
                    currency: string;
                    customer?: string;
                    /**
                     * Format: date-time
                     * @description 365 days from now when absent.
                     */
                    expires_at?: string;
                    reason?: string;
                    metadata?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreCredit"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_store_credits_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreCredit"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_store_credits_by_id_redeem: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description All that is left when absent. */
                    amount?: number;
                    sale?: string;
                    reference?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreCredit"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_subscriptions: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "incomplete" | "trialing" | "active" | "past_due" | "unpaid" | "paused" | "canceled" | "expired" | "unknown";
                customer?: string;
                plan?: string;
                reference?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Subscription"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_subscriptions: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer: string;
                    plan: string;
                    /** @description A saved method (`pmt_…`). Absent: the customer’s default where it can be used; else the payer pays the first period by `next_action`. */
                    payment_method?: string;
                    /** @description Where it is billed. Absent: where the payment method is kept, or as your routing says. */
                    connection?: string;
                    quantity?: number;
                    /** @description The plan’s own when absent. */
                    trial_days?: number;
                    /** Format: uri */
                    return_url?: string;
                    reference?: string;
                    invoice?: components["schemas"]["InvoiceData"];
                    metadata?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_subscriptions_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_subscriptions_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    plan?: string;
                    quantity?: number;
                    /**
                     * @description `prorate`: the provider charges or credits the rest of the period. `none`: the new price counts from the next one.
                     * @enum {string}
                     */
                    proration?: "prorate" | "none";
                    payment_method?: string;
                    reference?: string;
                    metadata?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_subscriptions_by_id_cancel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @default now
                     * @enum {string}
                     */
                    at?: "now" | "period_end";
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_subscriptions_by_id_cycles: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Cycle"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_subscriptions_by_id_pause: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_subscriptions_by_id_preview: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    plan?: string;
                    quantity?: number;
                    /**
                     * @description `prorate`: the provider charges or credits the rest of the period. `none`: the new price counts from the next one.
                     * @enum {string}
                     */
                    proration?: "prorate" | "none";
                };
            };
        };
        responses: {
            /** @description As the provider computes it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionPreview"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_subscriptions_by_id_resolve_review: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description `accept_provider`: it goes on at the provider, so it does here; `dismiss`: keep our state; `mark_canceled`: close by hand. Nothing is changed at the provider.
                     * @enum {string}
                     */
                    decision: "accept_provider" | "dismiss" | "mark_canceled";
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_subscriptions_by_id_resume: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_support_alerts: {
        parameters: {
            query: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description Whose. */
                tenant: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Alert"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_support_connections: {
        parameters: {
            query: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description Whose. */
                tenant: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["MaskedConnection"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_support_inbound_events: {
        parameters: {
            query: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description Whose. */
                tenant: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            id: string;
                            /** @enum {string} */
                            object: "inbound_event";
                            /** @enum {string} */
                            mode: "test" | "live";
                            connection: string;
                            provider: string;
                            /** @enum {string} */
                            verdict: "verified" | "unverifiable" | "refused";
                            event_type: string | null;
                            /** @enum {string} */
                            status: "received" | "retrying" | "processed" | "ignored" | "unmatched" | "parked" | "refused";
                            reason: string | null;
                            attempts: number;
                            /** @description How often the same event came again. */
                            duplicates: number;
                            shadow: {
                                scheme: string;
                                /** @enum {string} */
                                verdict: "verified" | "unverifiable" | "refused";
                                reason: string | null;
                                agrees: boolean;
                            } | null;
                            payment: string | null;
                            subject: string | null;
                            /** Format: date-time */
                            received_at: string;
                            processed_at: string | null;
                            next_run_at: string | null;
                        }[];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_support_operations: {
        parameters: {
            query: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                /** @description Whose. */
                tenant: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            id: string;
                            /** @enum {string} */
                            object: "operation";
                            /** @enum {string} */
                            mode: "test" | "live";
                            connection: string;
                            provider: string;
                            /** @description What was asked, such as `create_payment`. */
                            kind: string;
                            subject: string | null;
                            /**
                             * @description `refused`: the provider said no; `unknown`: it may have acted; `nowhere`: it was never reached.
                             * @enum {string}
                             */
                            outcome: "running" | "succeeded" | "refused" | "unknown" | "nowhere";
                            error_code: string | null;
                            provider_code: string | null;
                            http_status: number | null;
                            duration_ms: number | null;
                            request_id: string | null;
                            /** Format: date-time */
                            started_at: string;
                            finished_at: string | null;
                        }[];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_support_overview: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupportOverview"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_support_access: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["SupportAccess"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_support_access: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Whose data. */
                    tenant: string;
                    /** @description Why, in words that the tenant will read. */
                    reason: string;
                    /**
                     * @description `look` only reads; `repair` may also replay webhooks and acknowledge alerts.
                     * @enum {string}
                     */
                    kind?: "look" | "repair";
                    /** @description Eight hours at most. */
                    minutes: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupportAccess"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_support_access_by_id_end: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupportAccess"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_tenants: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "active" | "suspended";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Tenant"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_tenants: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @description ISO 3166-1 alpha-2, upper case. */
                    country: string;
                    /** @description Where the tenant’s people and buyers reach the hub; in lower case. */
                    host_name?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_tenants_current: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_tenants_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_tenants_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name?: string;
                    host_name?: string | null;
                    /** @enum {string} */
                    status?: "active" | "suspended";
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_users: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                status?: "active" | "disabled";
                /** @description In a tenant: tenant_admin, tenant_member or viewer. At the platform: platform_admin or support. */
                role?: "platform_admin" | "support" | "tenant_admin" | "tenant_member" | "viewer";
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["User"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_users: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: email */
                    email: string;
                    name: string;
                    /**
                     * @description In a tenant: tenant_admin, tenant_member or viewer. At the platform: platform_admin or support.
                     * @enum {string}
                     */
                    role: "platform_admin" | "support" | "tenant_admin" | "tenant_member" | "viewer";
                    password: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_users_me: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_users_me: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name?: string;
                    password?: string;
                    /** @description Needed with `password`. */
                    current_password?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_users_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_users_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name?: string;
                    /**
                     * @description In a tenant: tenant_admin, tenant_member or viewer. At the platform: platform_admin or support.
                     * @enum {string}
                     */
                    role?: "platform_admin" | "support" | "tenant_admin" | "tenant_member" | "viewer";
                    /** @enum {string} */
                    status?: "active" | "disabled";
                    password?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_web_push_subscriptions: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
                customer?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PushSubscription"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_web_push_subscriptions: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    subscription: {
                        endpoint: string;
                        expirationTime?: number | null;
                        keys: {
                            p256dh: string;
                            auth: string;
                        };
                    };
                    /** @description Whose browser it is (cus_…). Left out by a person who is logged in: their own. */
                    customer?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PushSubscription"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_web_push_subscriptions_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_webhook_endpoints: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                created_from?: string;
                created_to?: string;
            };
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["WebhookEndpoint"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_webhook_endpoints: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description https; in test mode http as well. It must lead to the internet. */
                    url: string;
                    label?: string;
                    /** @description One type each, or all of an object (`payment.*`), or all (`*`). */
                    event_types: string[];
                    /** @description All must hold. Without any, every event of the types is sent. */
                    filters?: {
                        /** @description Path below `data`, such as `currency` or `customer.id`. */
                        field: string;
                        /**
                         * @description `gte` and `lte` compare with the one value, and only numbers.
                         * @enum {string}
                         */
                        op: "in" | "not_in" | "gte" | "lte";
                        values: (string | number | boolean | null)[];
                    }[];
                    /**
                     * @description `per_object`: the next event of an object waits until the one before is delivered or given up. Otherwise an event may overtake another that is tried again.
                     * @enum {string}
                     */
                    ordering?: "none" | "per_object";
                    /** @default true */
                    enabled?: boolean;
                    /**
                     * @description Sign with Ed25519 (`v1a`) beside HMAC (`v1`), for receivers that should hold no secret.
                     * @default false
                     */
                    asymmetric?: boolean;
                    /** @description A secret of your own: `whsec_` and 24 to 64 bytes in base64. One is made otherwise. */
                    secret?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointWithSecret"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_webhook_endpoints_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    delete_webhook_endpoints_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    patch_webhook_endpoints_by_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description https; in test mode http as well. It must lead to the internet. */
                    url?: string;
                    label?: string | null;
                    /** @description One type each, or all of an object (`payment.*`), or all (`*`). */
                    event_types?: string[];
                    /** @description All must hold. Without any, every event of the types is sent. */
                    filters?: {
                        /** @description Path below `data`, such as `currency` or `customer.id`. */
                        field: string;
                        /**
                         * @description `gte` and `lte` compare with the one value, and only numbers.
                         * @enum {string}
                         */
                        op: "in" | "not_in" | "gte" | "lte";
                        values: (string | number | boolean | null)[];
                    }[];
                    /**
                     * @description `per_object`: the next event of an object waits until the one before is delivered or given up. Otherwise an event may overtake another that is tried again.
                     * @enum {string}
                     */
                    ordering?: "none" | "per_object";
                    /** @description `true` enables again one that was disabled, whatever the reason; `recover` then sends what it missed. */
                    enabled?: boolean;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    get_webhook_endpoints_by_id_health: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointHealth"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_webhook_endpoints_by_id_recover: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: date-time */
                    since: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookRecovery"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_webhook_endpoints_by_id_rotate_secret: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description How long the secret before signs beside the new one.
                     * @default 86400
                     */
                    overlap_seconds?: number;
                    /** @description A secret of your own: `whsec_` and 24 to 64 bytes in base64. One is made otherwise. */
                    secret?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointWithSecret"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
    post_webhook_endpoints_by_id_test: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The tenant to act for. Needed with a partner key and with the platform key. */
                "Pasarela-Tenant"?: components["parameters"]["Tenant"];
                /** @description With a session: which mode to act in. An API key has its mode already. */
                "Pasarela-Mode"?: components["parameters"]["Mode"];
                /** @description Language of sentences for people. */
                "Accept-Language"?: components["parameters"]["AcceptLanguage"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
        };
    };
}

/** The `code` of an error. A later server may send another. */
export type ErrorCode =
  | 'request_invalid'
  | 'json_invalid'
  | 'card_number_refused'
  | 'url_not_https'
  | 'idempotency_key_invalid'
  | 'unauthenticated'
  | 'login_failed'
  | 'webhook_unverified'
  | 'csrf_failed'
  | 'forbidden'
  | 'support_access_required'
  | 'tenant_required'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'invalid_state'
  | 'operation_in_progress'
  | 'outcome_unknown'
  | 'evidence_too_late'
  | 'under_review'
  | 'idempotency_in_progress'
  | 'already_exists'
  | 'invoice_being_paid'
  | 'sale_invoiced'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'idempotency_mismatch'
  | 'capability_not_supported'
  | 'provider_unknown'
  | 'credentials_invalid'
  | 'mode_contradicts_credentials'
  | 'connection_not_usable'
  | 'invoice_invalid'
  | 'certificate_refused'
  | 'certificate_not_usable'
  | 'consent_missing'
  | 'invoiced_elsewhere'
  | 'mail_not_configured'
  | 'series_missing'
  | 'amount_invalid'
  | 'currency_not_supported'
  | 'method_not_supported'
  | 'provider_refused'
  | 'rate_limited'
  | 'internal'
  | 'provider_unavailable'
  | 'provider_outcome_unknown'
  | 'unavailable'
