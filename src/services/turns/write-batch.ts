// Stores one batch of turns and settles each. One round trip when each contact is remembered, else two.
import type { Logger } from 'pino';
import { describeError } from '../../database/describe-error';
import { isConnectionLoss, isTransient, SqlConnection } from '../../database/sql';
import { forbiddenWorkspace, unavailable } from '../../errors';
import { codeOf } from '../../values/error-code';
import { pause } from '../../values/pace';
import type { Clock } from '../../values/time';
import { archived } from '../workspaces/workspaces';
import { addValues } from './dimension-values';
import { type DecidedTurn, decided, insertDeferred, insertTurns, type Refusal } from './insert-turns';
import { insertTurnsOfOne } from './insert-turns-of-one';
import { type FoundContext, lookUpTurns } from './lookup-turns';
import { RememberedContexts } from './remembered-contexts';
import { RememberedPriceLists } from './remembered-price-lists';
import type { SaveResult, Settlement } from './saved-message';
import { findRawKeysKept, findSavedTurns } from './saved-turns';
import { follow, keyOf, replay, settleEqualKeys } from './settle-equal-keys';
import { decideOutcome } from './tracking';
import { notSaved, type Turn } from './turn';
import { costsOf } from './turn-costs';

/** Lends the lane's connection; a lost one is replaced at the next call. */
export interface Lane {
  connection(): Promise<SqlConnection>;
  discard(): Promise<void>;
  readonly shard: number;
}

/** How long a batch is retried, in milliseconds: callers must get their 503 within 3 s. */
const RETRY_FOR_MS = 2_000;
const RETRY_PAUSE_MS = 100;
/**
 * A batch is decided again when a zone or price changes meanwhile; more rounds than this mean that somebody made a
 * mistake.
 */
const MAX_ROUNDS = 10;

/** A turn whose workspace is known. */
type Placed = Pick<DecidedTurn, 'turn' | 'context'>;

type Remembered = (turn: Turn, now: Date) => FoundContext | undefined;
const NOTHING: Remembered = () => undefined;

/** PostgreSQL's undefined_column: `migrate --contract` took the raw key away since we looked. */
const UNDEFINED_COLUMN = '42703';

export class BatchWriter {
  /** Read from the database once, and again when it has changed. */
  private rawKeysKept: boolean | undefined;
  private readonly remembered = new RememberedContexts();
  private readonly priceLists: RememberedPriceLists;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** Each batch has turns of one workspace, and is written by the form for Citus. */
    private readonly oneWorkspaceEach: boolean,
  ) {
    this.priceLists = new RememberedPriceLists(oneWorkspaceEach);
  }

  /** Settles every turn, in order; never rejects. Returns after the COMMIT of all that was stored. */
  async write(lane: Lane, turns: readonly Turn[]): Promise<Settlement[]> {
    const { leaders, followers } = settleEqualKeys(turns);
    const settled = new Map<string, Settlement>();
    await this.writeLeaders(lane, leaders, settled);
    const misled: Turn[] = [];
    for (const [follower, leader] of followers) {
      const settlement = follow(follower, leader, settled.get(leader.id));
      if (settlement) settled.set(follower.id, settlement);
      else misled.push(follower);
    }
    if (misled.length > 0) {
      const again = await this.write(lane, misled);
      misled.forEach((turn, index) => {
        settled.set(turn.id, again[index] ?? { error: notSaved() });
      });
    }
    return turns.map((turn) => settled.get(turn.id) ?? { error: notSaved() });
  }

  /** On an unexpected database error the batch is halved until the guilty turn stands alone. */
  private async writeLeaders(
    lane: Lane,
    turns: readonly Turn[],
    settled: Map<string, Settlement>,
  ): Promise<void> {
    try {
      await this.withRetries(lane, () => this.store(lane, turns, settled));
    } catch (error) {
      const unsettled = turns.filter((turn) => !settled.has(turn.id));
      if (isTransient(error)) {
        this.logger.warn(
          { error: describeError(error), turns: unsettled.length },
          'a batch could not be saved at the moment',
        );
        for (const turn of unsettled) settled.set(turn.id, { error: notSaved(error) });
      } else if (unsettled.length > 1) {
        const middle = Math.ceil(unsettled.length / 2);
        await this.writeLeaders(lane, unsettled.slice(0, middle), settled);
        await this.writeLeaders(lane, unsettled.slice(middle), settled);
      } else if (unsettled[0]) {
        settled.set(unsettled[0].id, await this.saveAlone(lane, unsettled[0], error));
      }
    }
  }

  private async store(lane: Lane, turns: readonly Turn[], settled: Map<string, Settlement>): Promise<void> {
    let unsettled = turns.filter((turn) => !settled.has(turn.id));
    // The statements of one workspace each compare no customer.
    const remembered: Remembered = this.oneWorkspaceEach
      ? NOTHING
      : (turn, now) => this.remembered.find(turn, now);
    for (let round = 0; unsettled.length > 0; round += 1) {
      if (round === MAX_ROUNDS) throw unavailable('The workspace is being changed. Retry with the same key.');
      const connection = await lane.connection();
      const decisions = await this.decide(connection, unsettled, settled, remembered);
      if (decisions.length === 0) return;
      const refused = await this.insert(connection, decisions, lane.shard);
      for (const decision of decisions) {
        const refusal = refused.get(decision.turn.id);
        if (refusal === 'stale') this.remembered.forget(decision.turn);
        if (refusal !== undefined) continue;
        settled.set(decision.turn.id, { ok: saved(decision) });
        this.remembered.keep(decision.turn, decision.context, decision.savedAt);
      }
      const taken = decisions.filter(({ turn }) => refused.get(turn.id) === 'key-taken');
      if (taken.length > 0) await this.settleTaken(connection, taken, settled);
      const unnumbered = decisions.filter(({ turn }) => refused.get(turn.id) === 'value-unknown');
      if (unnumbered.length > 0) {
        await addValues(
          connection,
          unnumbered.map(({ turn }) => turn),
        );
      }
      unsettled = unsettled.filter((turn) => !settled.has(turn.id));
    }
  }

  private async insert(
    connection: SqlConnection,
    decisions: readonly DecidedTurn[],
    shard: number,
  ): Promise<Map<string, Refusal>> {
    const keepsRawKeys = await this.keepsRawKeys(connection);
    const workspaceId = this.workspaceOf(decisions.map(({ turn }) => turn));
    return workspaceId === undefined
      ? insertTurns(connection, decisions, shard, keepsRawKeys)
      : insertTurnsOfOne(connection, workspaceId, decisions, shard, keepsRawKeys);
  }

  /** The one workspace of these turns; undefined where statements are of several. */
  private workspaceOf(turns: readonly Turn[]): string | undefined {
    return this.oneWorkspaceEach ? turns[0]?.workspaceId : undefined;
  }

  /** `remembered` may only be given when the statement that stores the turns compares it with the database. */
  private async decide(
    connection: SqlConnection,
    turns: readonly Turn[],
    settled: Map<string, Settlement>,
    remembered: Remembered = NOTHING,
  ): Promise<DecidedTurn[]> {
    const savedAt = this.clock();
    const contexts = await findContexts(connection, turns, savedAt, this.workspaceOf(turns), remembered);
    const listsOf = await this.priceLists.read(connection, contexts);
    const decisions: DecidedTurn[] = [];
    const late: Placed[] = [];
    turns.forEach((turn, index) => {
      const context = contexts[index];
      if (!context) {
        settled.set(turn.id, { error: forbiddenWorkspace(turn.workspaceId) });
        return;
      }
      if (context.workspace.archivedAt) {
        late.push({ turn, context });
        return;
      }
      if (context.identitiesDisagree) {
        this.logger.warn(
          { workspaceId: turn.workspaceId, messageId: turn.id, customerId: context.customer?.id },
          'the phone number and the WhatsApp user id belong to two customers; the user id decided',
        );
      }
      const outcome = decideOutcome(turn.response, context.customer);
      const costs = costsOf(listsOf(context.workspace.id), turn, outcome !== 'NO_RESPONSE');
      decisions.push(decided(turn, context, outcome, costs, savedAt));
    });
    if (late.length > 0) {
      // Turns that were saved before the workspace was archived are answered as replays.
      await this.settleTaken(connection, late, settled);
      for (const { turn } of late)
        if (!settled.has(turn.id)) settled.set(turn.id, { error: archived(turn.workspaceId) });
    }
    return decisions;
  }

  /** A replay is answered with what was saved first. */
  private async settleTaken(
    connection: SqlConnection,
    taken: readonly Placed[],
    settled: Map<string, Settlement>,
  ): Promise<void> {
    const workspaces = new Map(taken.map(({ context }) => [context.workspace.id, context.workspace]));
    const first = await findSavedTurns(
      connection,
      taken.map(({ turn }) => turn),
      workspaces,
      await this.keepsRawKeys(connection),
      this.workspaceOf(taken.map(({ turn }) => turn)),
    );
    for (const { turn } of taken) {
      const message = first.get(keyOf(turn.workspaceId, turn.idempotencyKey));
      if (message) settled.set(turn.id, replay(turn, message));
    }
  }

  /** One turn whose charge fails for a reason that won't pass: stores the message alone; its charge is made later. */
  private async saveAlone(lane: Lane, turn: Turn, cause: unknown): Promise<Settlement> {
    this.logger.error(
      { error: describeError(cause), workspaceId: turn.workspaceId, messageId: turn.id },
      'a turn could not be charged',
    );
    const settled = new Map<string, Settlement>();
    try {
      await this.withRetries(lane, async () => {
        const connection = await lane.connection();
        const [decision] = await this.decide(connection, [turn], settled);
        if (!decision) return;
        if (decision.outcome !== 'TRACKED') throw cause;
        const deferred: DecidedTurn = { ...decision, outcome: 'DEFERRED', chargeId: null };
        const keepsRawKeys = await this.keepsRawKeys(connection);
        await addValues(connection, [turn]);
        if (await insertDeferred(connection, deferred, keepsRawKeys))
          settled.set(turn.id, { ok: saved(deferred) });
        else await this.settleTaken(connection, [decision], settled);
      });
    } catch (error) {
      if (error !== cause)
        this.logger.error({ error: describeError(error), messageId: turn.id }, 'a turn could not be saved');
    }
    return settled.get(turn.id) ?? { error: notSaved(cause) };
  }

  private async keepsRawKeys(connection: SqlConnection): Promise<boolean> {
    this.rawKeysKept ??= await findRawKeysKept(connection);
    return this.rawKeysKept;
  }

  /**
   * Runs `work` again after a temporary failure. After a lost connection nobody knows whether the batch was committed;
   * that is safe, because ids are made in the process and keys are unique.
   */
  private async withRetries(lane: Lane, work: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + RETRY_FOR_MS;
    let askedAgain = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (isConnectionLoss(error)) await lane.discard();
        // Asks again even if the answer is new: another lane may have met the same error before.
        if (codeOf(error) === UNDEFINED_COLUMN && !askedAgain) {
          askedAgain = true;
          this.rawKeysKept = undefined;
          continue;
        }
        if (!isTransient(error) || performance.now() >= deadline) throw error;
        await pause(Math.min(RETRY_PAUSE_MS, attempt * 10));
      }
    }
  }
}

/** The context of each turn, in their order; undefined where the workspace does not exist. */
async function findContexts(
  connection: SqlConnection,
  turns: readonly Turn[],
  now: Date,
  workspaceId: string | undefined,
  remembered: Remembered,
): Promise<(FoundContext | undefined)[]> {
  const known = turns.map((turn) => remembered(turn, now));
  const unknown = turns.filter((_, index) => known[index] === undefined);
  if (unknown.length === 0) return known;
  const found = (await lookUpTurns(connection, unknown, now, workspaceId)).values();
  return known.map((context) => context ?? found.next().value);
}

const saved = ({ turn, context, outcome, chargeId, savedAt }: DecidedTurn): SaveResult => ({
  replayed: false,
  message: {
    id: turn.id,
    workspace: context.workspace,
    customer: context.customer ?? null,
    phoneNumber: turn.phoneNumber,
    whatsappUserId: turn.whatsappUserId,
    message: turn.message,
    response: turn.response,
    failure: turn.failure,
    occurredAt: turn.occurredAt,
    savedAt,
    textRemovedAt: null,
    outcome,
    charge:
      chargeId === null
        ? null
        : {
            ...{ id: chargeId, amountMicros: context.priceMicros, occurredAt: turn.occurredAt, savedAt },
            voided: null,
          },
  },
});
