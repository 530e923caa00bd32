// The price lists that turns are costed by. They are remembered by the version of their workspace's settings: a price
// raises it, and the statement that stores the turns compares it with the database.
import { LRUCache } from 'lru-cache';
import type { SqlConnection } from '../../database/sql';
import { NO_PRICES, type PriceLists, readPriceLists, type VersionedLists } from '../workspaces/price-lists';
import type { TurnContext } from './lookup-turns';

/** Most workspaces have a short list or none; a price takes about 200 bytes. */
const MOST_WORKSPACES = 10_000;

export class RememberedPriceLists {
  private readonly kept = new LRUCache<string, VersionedLists>({ max: MOST_WORKSPACES });

  /** `oneWorkspaceEach`: the workspaces of a call are one. */
  constructor(private readonly oneWorkspaceEach: boolean) {}

  /** The lists of the turns' workspaces, as of the version that each turn is decided on; reads what is not remembered. */
  async read(
    connection: SqlConnection,
    contexts: readonly (Pick<TurnContext, 'workspace'> | undefined)[],
  ): Promise<(workspaceId: string) => PriceLists> {
    const found = new Map<string, VersionedLists>();
    const unknown = new Set<string>();
    for (const context of contexts) {
      if (!context || found.get(context.workspace.id)?.version === context.workspace.settingsVersion)
        continue;
      const { id, settingsVersion } = context.workspace;
      const kept = this.kept.get(id);
      if (kept?.version === settingsVersion) found.set(id, kept);
      else unknown.add(id);
    }
    if (unknown.size > 0)
      for (const [id, read] of await readPriceLists(connection, [...unknown], this.oneWorkspaceEach)) {
        this.kept.set(id, read);
        found.set(id, read);
      }
    return (workspaceId) => found.get(workspaceId)?.lists ?? NO_PRICES;
  }
}
