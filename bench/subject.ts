// The servers to compare with, as a process: the same stack with another way of saving.
import '../src/cli/environment';
import 'reflect-metadata';
import Fastify from 'fastify';
import pino from 'pino';
import { createServices } from '../src/app';
import { loadConfig } from '../src/config';
import type { Database } from '../src/database/database';
import { Lease } from '../src/database/lease';
import { openDatabase } from '../src/database/open';
import { type Sql, SqlConnection } from '../src/database/sql';
import { forbiddenWorkspace } from '../src/errors';
import { Metrics } from '../src/http/metrics';
import { createServer } from '../src/http/server';
import { rollUpKeys } from '../src/services/roll-ups/roll-ups';
import type { SavedMessage, SaveResult } from '../src/services/turns/saved-message';
import { decideOutcome } from '../src/services/turns/tracking';
import { type TurnInput, toTurn } from '../src/services/turns/turn';
import type { Workspace } from '../src/services/workspaces/workspaces';
import { newId } from '../src/values/ids';

type Save = (input: TurnInput) => Promise<SaveResult>;

/** A resolver that does nothing: it fills its answer from its arguments and stores nothing. */
const noop =
  (clock: () => Date): Save =>
  async (input) => {
    const turn = toTurn(input, clock);
    const savedAt = clock();
    const workspace: Workspace = {
      ...{
        id: turn.workspaceId,
        name: 'No-op',
        timeZone: 'Europe/Rome',
        currency: 'EUR',
        settingsVersion: 1n,
      },
      ...{ priceMicros: 5_000n, createdAt: savedAt, archivedAt: null },
    };
    const customer = {
      ...{ workspaceId: turn.workspaceId, id: turn.id, name: 'Nobody', phoneNumber: turn.phoneNumber },
      ...{ whatsappUserId: null, activeChatbot: true, createdAt: savedAt },
    };
    const charge = {
      ...{ id: newId(), amountMicros: 5_000n, occurredAt: turn.occurredAt, savedAt, voided: null },
    };
    return {
      replayed: false,
      message: {
        ...turn,
        workspace,
        customer,
        savedAt,
        textRemovedAt: null,
        outcome: 'TRACKED',
        charge,
      } satisfies SavedMessage,
    };
  };

interface Found {
  id: string;
  name: string;
  active_chatbot: boolean;
  created_at: Date;
  workspace_name: string;
  amount_micros: bigint;
}

/** Save the message, look up the customer, store the charge: three statements, each committed by itself. */
const threeStatements =
  (database: Database, clock: () => Date): Save =>
  async (input) => {
    const turn = toTurn(input, clock);
    const savedAt = clock();
    const lease = await Lease.take(database);
    try {
      return await saveInThree(lease, turn, savedAt);
    } finally {
      await lease.release();
    }
  };

async function saveInThree(
  sql: Sql & Pick<SqlConnection, 'prepared'>,
  turn: ReturnType<typeof toTurn>,
  savedAt: Date,
): Promise<SaveResult> {
  await sql.prepared(
    'save',
    `INSERT INTO messages (workspace_id, id, key_digest, phone_number, message, response, outcome,
       occurred_at, saved_at) VALUES ($1, $2, sha256(convert_to($3, 'UTF8')), $4, $5, $6, 'NO_RESPONSE', $7, $8)`,
    [
      ...[turn.workspaceId, turn.id, turn.idempotencyKey, turn.phoneNumber, turn.message, turn.response],
      ...[turn.occurredAt, savedAt],
    ],
  );
  const [found] = await sql.prepared<Found>(
    'find',
    `SELECT c.id, c.name, c.active_chatbot, c.created_at, w.name AS workspace_name,
       (SELECT p.amount_micros FROM prices p WHERE p.workspace_id = w.id AND p.starts_at <= $3
        ORDER BY p.starts_at DESC, p.id DESC LIMIT 1) AS amount_micros
     FROM workspaces w JOIN customers c ON c.workspace_id = w.id AND c.phone_number = $2 WHERE w.id = $1`,
    [turn.workspaceId, turn.phoneNumber, turn.occurredAt],
  );
  if (!found) throw forbiddenWorkspace(turn.workspaceId);
  const customer = {
    ...{ workspaceId: turn.workspaceId, id: found.id, name: found.name, phoneNumber: turn.phoneNumber },
    ...{ whatsappUserId: null, activeChatbot: found.active_chatbot, createdAt: found.created_at },
  };
  const outcome = decideOutcome(turn.response, customer);
  const charge = {
    ...{ id: newId(), amountMicros: found.amount_micros, occurredAt: turn.occurredAt, savedAt, voided: null },
  };
  await sql.prepared(
    'charge',
    `INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch, month)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)`,
    [
      ...[turn.workspaceId, charge.id, turn.id, found.id, charge.amountMicros, charge.occurredAt, savedAt],
      rollUpKeys(turn.occurredAt, 'Europe/Rome').month,
    ],
  );
  const workspace: Workspace = {
    ...{ id: turn.workspaceId, name: found.workspace_name, timeZone: 'Europe/Rome', currency: 'EUR' },
    ...{ settingsVersion: 1n, priceMicros: found.amount_micros, createdAt: savedAt, archivedAt: null },
  };
  const message = { ...turn, workspace, customer, savedAt, textRemovedAt: null, outcome, charge };
  return { replayed: false, message };
}

/** One committed INSERT behind Fastify: the least that a save can cost. */
async function serveBareInsert(database: Database, clock: () => Date): Promise<string> {
  const app = Fastify();
  app.post<{ Body: TurnInput }>('/insert', async (request) => {
    const turn = toTurn(request.body, clock);
    const savedAt = clock();
    const lease = await Lease.take(database);
    try {
      await lease.prepared(
        'insert',
        `INSERT INTO messages (workspace_id, id, key_digest, phone_number, message, response, outcome,
           occurred_at, saved_at) VALUES ($1, $2, sha256(convert_to($3, 'UTF8')), $4, $5, $6, 'NO_RESPONSE', $7, $8)`,
        [
          ...[turn.workspaceId, turn.id, turn.idempotencyKey, turn.phoneNumber, turn.message, turn.response],
          ...[turn.occurredAt, savedAt],
        ],
      );
    } finally {
      await lease.release();
    }
    return { id: turn.id, savedAt };
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const clock = () => new Date();
  const logger = pino({ level: config.logLevel });
  const database = await openDatabase(config, 'server', { logger });
  const services = createServices(database, config, { clock, logger });
  const ways = { noop: noop(clock), three: threeStatements(database, clock) };
  const kind = process.argv[2];
  if (kind === 'bare') process.send?.(await serveBareInsert(database, clock));
  else if (kind === 'noop' || kind === 'three') {
    services.saveMessages.save = ways[kind];
    const metrics = new Metrics();
    const server = createServer({ config, database, services, clock, logger, metrics });
    process.send?.((await server.start()).url);
  } else throw new Error(`There is no subject ${kind}.`);
}

void main();
