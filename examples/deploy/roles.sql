-- Least rights: the server's own user, who can neither change the schema nor delete a record.
-- Run once as the owner of the database, after `centesimo migrate` has been run by that owner.
-- The server then runs as centesimo_app with MIGRATE_AT_START=false; the commands that change settings
-- (workspace, price, model-price, channel-price, token, rebuild) are run as the owner.
CREATE ROLE centesimo_app LOGIN PASSWORD 'change me';

GRANT USAGE ON SCHEMA public TO centesimo_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO centesimo_app;
GRANT INSERT ON messages, charges, customers, usage_slots, customer_days, customer_months, dimension_values, dimension_days,
  cost_days, customer_cost_days, zone_stamps, audit_entries, voids, statements, statement_lines TO centesimo_app;
GRANT UPDATE ON customers, usage_slots, customer_days, customer_months, dimension_days, cost_days, customer_cost_days,
  zone_stamps TO centesimo_app;
-- Taking a charge back makes the roll-ups around it anew; what nothing is left of goes. The charge itself stays.
GRANT DELETE ON usage_slots, customer_days, customer_months TO centesimo_app;
-- Reconciliation turns DEFERRED into TRACKED, and what is taken back becomes VOIDED; the key of a message can't be changed.
GRANT UPDATE (outcome, deferred_price_micros) ON messages TO centesimo_app;
-- Turns of an older version lack the digest of their key, which is filled once (a trigger refuses any other change).
GRANT UPDATE (key_digest) ON messages TO centesimo_app;
-- Forgetting a person: words and contacts of a turn, a reason and what the trail said of a customer are
-- emptied, once and whole (triggers refuse any other change). Before `migrate --contract`, add idempotency_key.
GRANT UPDATE (message, response, failure, phone_number, whatsapp_user_id, text_removed_at) ON messages TO centesimo_app;
GRANT UPDATE (reason) ON voids TO centesimo_app;
GRANT UPDATE (before, after) ON audit_entries TO centesimo_app;
GRANT INSERT, UPDATE ON erasures TO centesimo_app;
-- Charges of an older version lack these two, and are filled once (a trigger refuses any other change).
GRANT UPDATE (epoch, month) ON charges TO centesimo_app;
-- Closing a month: the epoch of its workspace, and what sealing adds to the statement.
GRANT UPDATE (epoch) ON workspaces TO centesimo_app;
GRANT UPDATE (messages, total_micros, carried_micros, ledger_lines, prices, sha256, sealed_at) ON statements TO centesimo_app;
GRANT UPDATE (due_at) ON closing_schedules TO centesimo_app;
-- Texts that are too old go each night; for how long they are kept is the owner's to set.
GRANT UPDATE (due_at, walked_at, walked_id, whole_at) ON text_retentions TO centesimo_app;
-- Budgets are set and removed; what they told and events are deleted when they are too old. An event is never changed.
GRANT INSERT, UPDATE, DELETE ON budgets, budget_sweeps TO centesimo_app;
GRANT INSERT, DELETE ON budget_firings, events TO centesimo_app;
GRANT INSERT, UPDATE ON event_counters TO centesimo_app;
-- Webhooks are made, changed and removed by tokens that may; a delivery goes with its event or its webhook.
GRANT INSERT, UPDATE, DELETE ON webhooks, webhook_deliveries TO centesimo_app;
-- A save holds its workspace's row FOR SHARE, which PostgreSQL allows to those who may update some column of it.
GRANT UPDATE (settings_version) ON workspaces TO centesimo_app;
GRANT UPDATE (last_used_at) ON tokens TO centesimo_app;
