// When a token was last used: written at most once a minute for each, in the background, many in one statement.
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import { describeError } from '../../database/describe-error';
import { inTransaction } from '../../database/transaction';
import { MINUTE_MS } from '../../values/duration';

const EVERY_MS = MINUTE_MS;

export class TokenUses {
  private readonly notedAt = new Map<string, number>();
  private readonly unwritten = new Map<string, Date>();
  private writing: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
  ) {}

  /** No request waits for this: a lost note does no harm, and a slow one must not delay a save. */
  note(id: string, at: Date): void {
    if (at.getTime() - (this.notedAt.get(id) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
    this.notedAt.set(id, at.getTime());
    this.unwritten.set(id, at);
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
    });
  }

  async close(): Promise<void> {
    await this.writing;
  }

  private async writeAll(): Promise<void> {
    while (this.unwritten.size > 0) {
      const uses = [...this.unwritten].sort(([a], [b]) => (a < b ? -1 : 1));
      this.unwritten.clear();
      try {
        await this.write(uses);
      } catch (error) {
        this.logger.debug(
          { error: describeError(error), tokens: uses.length },
          'could not note the use of tokens',
        );
      }
    }
  }

  private async write(uses: readonly (readonly [string, Date])[]): Promise<void> {
    await inTransaction(this.database, (sql) =>
      sql.query(
        'note_token_uses',
        `UPDATE tokens AS t SET last_used_at = u.used_at
         FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, used_at)
         WHERE t.id = u.id AND (t.last_used_at IS NULL OR t.last_used_at < u.used_at)`,
        [uses.map(([id]) => id), uses.map(([, at]) => at)],
      ),
    );
  }
}
