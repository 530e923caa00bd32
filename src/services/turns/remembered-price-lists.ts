// The price lists that turns are costed by. They are remembered by the version of their workspace's settings: a price
// raises it, and the statement that stores the turns compares it with the database.
import { LRUCache } from 'lru-cache';
import type { SqlConnection } from '../../database/sql';
import { NO_PRICES, type PriceLists, readPriceLists, type VersionedLists } from '../workspaces/price-lists';
import type { Workspace } from '../workspaces/workspaces';

/** Most workspaces have a short list or none; a price takes about 200 bytes. */
const MOST_WORKSPACES = 10_000;

export class RememberedPriceLists {
  private readonly kept = new LRUCache<string, VersionedLists>({ max: MOST_WORKSPACES });

  /** `oneWorkspaceEach`: the workspaces of a call are one. */
  constructor(private readonly oneWorkspaceEach: boolean) {}

  /** The lists of each of these workspaces, as of their version; reads what is not remembered. */
  async read(
    connection: SqlConnection,
    workspaces: readonly Workspace[],
  ): Promise<(workspaceId: string) => PriceLists> {
    const unknown = new Set<string>();
    for (const { id, settingsVersion } of workspaces)
      if (this.kept.get(id)?.version !== settingsVersion) unknown.add(id);
    if (unknown.size > 0)
      for (const [id, read] of await readPriceLists(connection, [...unknown], this.oneWorkspaceEach))
        this.kept.set(id, read);
    return (workspaceId) => this.kept.get(workspaceId)?.lists ?? NO_PRICES;
  }
}
